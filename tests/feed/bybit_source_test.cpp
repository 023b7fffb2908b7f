#include "feed/bybit_source.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <thread>

#include "feed/instruments.h"
#include "live_fixture.h"
#include "temporary.h"

namespace tradelake::feed {
namespace {

using bybit::Category;
using bybit::Market;

std::vector<Market> markets_of(const Simulator& simulator) {
  return resolve_markets(simulator.endpoint(), {{Category::linear, "*"},
                                                {Category::spot, "*"},
                                                {Category::inverse, "*"},
                                                {Category::option, "*"}});
}

SimulatorOptions small_exchange(SentRecord& record) {
  SimulatorOptions options;
  options.symbols = "linear:12,spot:25,inverse:2,option:2";
  options.trades_per_second = 4'000;
  options.start_delay = std::chrono::milliseconds(200);
  options.on_sent = [&record](const SentFrame& frame) { record.add(frame); };
  return options;
}

BybitSourceOptions client_of(const Simulator& simulator) {
  BybitSourceOptions options;
  options.websocket = simulator.endpoint();
  options.markets = markets_of(simulator);
  options.times = short_times();
  return options;
}

TEST(BybitSource, ReceivesEveryFrameOfEveryCategoryAsItWasSent) {
  SentRecord record;
  auto options = small_exchange(record);
  options.frames = 3'000;
  Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  BybitSource source(client_of(simulator));
  ASSERT_TRUE(source.start(sink));
  ASSERT_TRUE(eventually([&] { return simulator.status().finished; }));
  ASSERT_TRUE(eventually([&] { return sink.size() == simulator.status().sent; }));
  EXPECT_EQ(simulator.status().sent, 3'000u);
  EXPECT_EQ(sink.texts(), record.texts());
  const auto status = source.status();
  EXPECT_EQ(status.connections, 4u);
  EXPECT_EQ(status.connected, 4u);
  EXPECT_EQ(status.active_topics, status.topics);
  EXPECT_EQ(status.frames, 3'000u);
  EXPECT_EQ(status.reconnects, 0u);
  for (const auto& frame : sink.frames()) {
    ASSERT_EQ(frame.conn, std::string(to_string(frame.category)) + "-0");
    ASSERT_GT(frame.recv_ns, 1'700'000'000'000'000'000);
    ASSERT_EQ(frame.text.find("\"ret_msg\""), std::string::npos);
  }
  source.stop();
}

// Closed with a close frame, without one, or silenced: what was delivered to a live connection is
// received exactly as often as it was sent, and the connection comes back.
class EndedConnections : public testing::TestWithParam<Fault> {};

TEST_P(EndedConnections, LoseNothingThatWasSentAndComeBack) {
  SentRecord record;
  Simulator simulator(small_exchange(record));
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  std::mutex mutex;
  std::vector<ConnectionEvent> events;
  auto options = client_of(simulator);
  if (GetParam() == Fault::silence) options.times = short_times(std::chrono::milliseconds(400));
  options.observer = [&](const ConnectionEvent& event) {
    const std::lock_guard lock(mutex);
    events.push_back(event);
  };
  BybitSource source(options);
  ASSERT_TRUE(source.start(sink));
  for (std::uint64_t round = 1; round <= 3; ++round) {
    ASSERT_TRUE(
        eventually([&] { return source.status().active_topics == options.markets.size(); }));
    const auto before = sink.size();
    ASSERT_TRUE(eventually([&] { return sink.size() > before + 200; }));
    simulator.inject(GetParam());
    ASSERT_TRUE(eventually([&] { return source.status().reconnects >= round * 4; }));
  }
  ASSERT_TRUE(eventually([&] { return source.status().active_topics == options.markets.size(); }));
  EXPECT_FALSE(source.status().last_error.empty());
  simulator.stop();  // delivers what is under way before it closes
  ASSERT_TRUE(eventually([&] { return sink.size() == simulator.status().sent; }));
  source.stop();
  EXPECT_EQ(sink.texts(), record.texts());
  const std::lock_guard lock(mutex);
  std::map<std::string, ConnectionChange> last;
  bool alive = false;
  for (const auto& event : events) {
    EXPECT_GT(event.last_inbound_ns, 0);
    if (event.change == ConnectionChange::alive) {
      alive = true;
      EXPECT_EQ(last[event.conn], ConnectionChange::subscribed) << event.conn;
      continue;
    }
    EXPECT_TRUE(!last.contains(event.conn) || last[event.conn] != event.change) << event.conn;
    last[event.conn] = event.change;
    EXPECT_EQ(event.topics.empty(), event.change == ConnectionChange::lost);
  }
  EXPECT_TRUE(alive);
  EXPECT_EQ(last.size(), 4u);
}

INSTANTIATE_TEST_SUITE_P(Faults, EndedConnections,
                         testing::Values(Fault::close, Fault::drop, Fault::silence),
                         [](const auto& info) {
                           return std::string(fault_names[static_cast<std::size_t>(info.param)]);
                         });

TEST(BybitSource, LivesThroughAllFaultsAndStillReceivesWhatWasSent) {
  SentRecord record;
  auto options = small_exchange(record);
  options.faults = *parse_faults(
      "all,close=900ms,drop=1100ms,silence=1500ms,utf8=700ms,large=1s,malformed=0.05");
  const auto path = temporary("record.tsv");
  options.record_path = path;
  Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  auto client = client_of(simulator);
  client.times = short_times(std::chrono::milliseconds(400));
  BybitSource source(client);
  ASSERT_TRUE(source.start(sink));
  std::this_thread::sleep_for(std::chrono::seconds(4));
  simulator.stop();
  const auto expected = record.texts();
  std::size_t total = 0;
  for (const auto& [text, count] : expected) total += static_cast<std::size_t>(count);
  EXPECT_TRUE(eventually([&] { return sink.size() == total; }))
      << sink.size() << " of " << total << " received";
  source.stop();
  EXPECT_EQ(sink.texts(), expected);
  EXPECT_GT(source.status().reconnects, 0u);

  std::ifstream file(path);
  std::string line;
  std::size_t alive = 0;
  std::size_t lines = 0;
  while (std::getline(file, line)) {
    ++lines;
    std::vector<std::size_t> tabs;
    for (std::size_t at = 0; tabs.size() < 5 && (at = line.find('\t', at)) != line.npos; ++at) {
      tabs.push_back(at);
    }
    ASSERT_EQ(tabs.size(), 5u) << line;
    if (line[tabs[2] + 1] == '1') ++alive;
  }
  EXPECT_EQ(alive, simulator.status().sent);
  EXPECT_GE(lines, alive);
  std::filesystem::remove(path);
}

TEST(BybitSource, RejectedTopicsAreReportedAndTakeNobodyWithThem) {
  SentRecord record;
  auto options = small_exchange(record);
  options.rejected_topics = {"publicTrade.ETHUSDT", "publicTrade.BTC"};
  Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  auto client = client_of(simulator);
  client.markets.push_back({Category::inverse, "NOSUCH"});
  BybitSource source(client);
  ASSERT_TRUE(source.start(sink));
  const auto wanted = client.markets.size();
  // ETHUSDT on spot and on linear, BTC of the options, and the one that is nowhere.
  ASSERT_TRUE(eventually([&] { return source.status().active_topics == wanted - 4; }));
  EXPECT_EQ(source.status().refused.size(), 4u);
  for (const auto& refused : source.status().refused) EXPECT_FALSE(refused.reason.empty());
  source.stop();
}

// Whatever becomes of the connections of klines, trades are none the worse for it, and nothing is
// told of theirs.
TEST(BybitSource, ReceivesKlinesBesideTradesAndTellsNothingOfTheirConnections) {
  SentRecord record;
  auto options = small_exchange(record);
  options.rejected_topics = {"kline.1.ETHUSDT"};
  options.faults = *parse_faults("drop=300ms");
  Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  std::mutex mutex;
  std::set<std::string> observed, topics;
  auto client = client_of(simulator);
  client.klines = true;
  client.observer = [&](const ConnectionEvent& event) {
    const std::lock_guard lock(mutex);
    observed.insert(event.conn);
    topics.insert(event.topics.begin(), event.topics.end());
  };
  BybitSource source(client);
  ASSERT_TRUE(source.start(sink));
  const auto has_kline_of = [&](Category category) {
    const auto frames = sink.frames();
    return std::ranges::any_of(frames, [&](const Frame& frame) {
      return frame.category == category &&
             frame.conn.starts_with(std::string(to_string(category)) + "-kline-");
    });
  };
  ASSERT_TRUE(eventually([&] {
    return has_kline_of(Category::linear) && has_kline_of(Category::spot) &&
           has_kline_of(Category::inverse) && source.status().reconnects > 6;
  }));
  source.stop();
  const auto status = source.status();
  EXPECT_EQ(status.connections, 4u);
  EXPECT_EQ(status.topics, client.markets.size());
  EXPECT_EQ(status.kline_topics, client.markets.size() - 2) << "none of options";
  EXPECT_TRUE(status.refused.empty());
  EXPECT_FALSE(observed.empty());
  for (const auto& conn : observed) EXPECT_FALSE(conn.contains("kline")) << conn;
  for (const auto& topic : topics) EXPECT_TRUE(topic.starts_with("publicTrade.")) << topic;
  for (const auto& frame : sink.frames())
    EXPECT_EQ(frame.conn.contains("-kline-"), frame.text.contains(R"("topic":"kline.1.)"));
}

TEST(BybitSource, TakesTradesFromAnExchangeThatRefusesAllKlines) {
  SentRecord record;
  auto options = small_exchange(record);
  options.symbols = "linear:BTCUSDT,linear:ETHUSDT,spot:BTCUSDT";
  options.rejected_topics = {"kline.1.BTCUSDT", "kline.1.ETHUSDT"};
  Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  auto client = client_of(simulator);
  client.klines = true;
  BybitSource source(client);
  ASSERT_TRUE(source.start(sink));
  ASSERT_TRUE(eventually([&] { return source.status().active_topics == 3 && sink.size() > 10; }));
  source.stop();
  EXPECT_TRUE(source.status().refused.empty());
  EXPECT_EQ(source.status().active_kline_topics, 0u);
  EXPECT_EQ(source.status().reconnects, 0u);
}

TEST(BybitSource, CountsWhatAFullSinkRefuses) {
  SentRecord record;
  Simulator simulator(small_exchange(record));
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  sink.set_full(true);
  BybitSource source(client_of(simulator));
  ASSERT_TRUE(source.start(sink));
  ASSERT_TRUE(eventually([&] { return source.status().refused_by_sink > 10; }));
  EXPECT_EQ(sink.size(), 0u);
  source.stop();
}

TEST(BybitSource, TriesForEverWhenNobodyIsThereAndStopsAtOnce) {
  BybitSourceOptions options;
  options.websocket = {false, "127.0.0.1", 1};
  options.markets = {{Category::linear, "BTCUSDT"}};
  options.times = short_times();
  KeepingSink sink;
  BybitSource source(options);
  ASSERT_TRUE(source.start(sink));
  ASSERT_TRUE(eventually([&] { return source.status().reconnects > 3; }));
  EXPECT_EQ(source.status().connected, 0u);
  EXPECT_NE(source.status().last_error.find("linear-0"), std::string::npos);
  source.stop();
}

TEST(BybitSource, RefusesToStartWithoutMarkets) {
  KeepingSink sink;
  EXPECT_FALSE(BybitSource({}).start(sink));
  BybitSourceOptions all;
  all.markets = {{Category::linear, "*"}};
  EXPECT_FALSE(BybitSource(all).start(sink));
}

}  // namespace
}  // namespace tradelake::feed
