#include "feed/simulator/simulator.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "core/decimal.h"
#include "core/time.h"
#include "feed/capture_lines.h"
#include "feed/instruments.h"
#include "feed/simulator/klines.h"
#include "feed/simulator/rest_api.h"
#include "live_fixture.h"
#include "temporary.h"

namespace tradelake::feed {
namespace {

using bybit::Category;

TEST(SimulatedRest, TellsItsTimeAndPagesItsInstruments) {
  SimulatorOptions options;
  options.symbols = "linear:1203,spot:7,inverse:2,option:ETH";
  Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  EXPECT_EQ(simulator.url(), "ws://127.0.0.1:" + std::to_string(simulator.port()));
  const auto time_ns = fetch_server_time_ns(simulator.endpoint());
  ASSERT_TRUE(time_ns) << time_ns.error().message;
  EXPECT_NEAR(static_cast<double>(*time_ns), static_cast<double>(now_ns()), 5e9);
  EXPECT_EQ(fetch_symbols(simulator.endpoint(), Category::linear)->size(), 1'203u);
  EXPECT_EQ(fetch_symbols(simulator.endpoint(), Category::spot)->size(), 7u);
  EXPECT_EQ(fetch_symbols(simulator.endpoint(), Category::option), std::vector<std::string>{"ETH"});
}

TEST(SimulatedRest, SaysWhatIsWrongInTheExchangesEnvelope) {
  const MarketBook book;
  const std::vector<ListedInstrument> listed = {
      {Category::spot, "BTCUSDT", "BTC", "USDT", "0.1", "0.001"}};
  const auto ask = [&](std::string_view target) { return answer_rest(target, book, listed, 1); };
  EXPECT_EQ(ask("/v5/nothing").status, 404);
  for (const auto bad : {"/v5/market/kline?symbol=BTCUSDT&category=spot&interval=7",
                         "/v5/market/kline?symbol=NOPE&category=spot&interval=1",
                         "/v5/market/recent-trade?category=spot&symbol=BTCUSDT&limit=61",
                         "/v5/market/recent-trade?category=futures&symbol=BTCUSDT",
                         "/v5/market/instruments-info?category=spot&limit=0"}) {
    EXPECT_EQ(ask(bad).status, 200);
    EXPECT_NE(ask(bad).body.find("\"retCode\":10001"), std::string::npos) << bad;
  }
}

TEST(SimulatedBook, MakesCandlesThatOpenAtTheCloseBefore) {
  MarketBook book;
  const bybit::Market market{Category::linear, "BTCUSDT"};
  book.add(market, {"1", "100", "2", 60'000, 1, true, false, false});
  book.add(market, {"2", "110", "1", 61'000, 2, true, false, false});
  book.add(market, {"3", "90.5", "1", 130'000, 3, false, false, false});
  book.add(market, {"4", "95", "1", 60'500, 4, false, false, false});  // late
  const auto minutes = book.candles(market, 60'000, 0, 0, 1'000'000, 10);
  ASSERT_EQ(minutes.size(), 2u);
  EXPECT_EQ(minutes[0].open_ms, 120'000);
  EXPECT_EQ(to_string(minutes[0].open), "110");
  EXPECT_EQ(to_string(minutes[0].high), "110");
  EXPECT_EQ(to_string(minutes[0].close), "90.5");
  EXPECT_EQ(to_string(minutes[1].close), "110");
  EXPECT_EQ(to_string(minutes[1].low), "95");
  EXPECT_EQ(to_string(minutes[1].turnover), "405");
  const auto five = book.candles(market, 300'000, 0, 0, 1'000'000, 10);
  ASSERT_EQ(five.size(), 1u);
  EXPECT_EQ(to_string(five[0].volume), "5");
  EXPECT_EQ(book.recent(market, 2).front()->id, "4");
}

TEST(SimulatedBook, HasFlatMinutesWhereNothingWasTraded) {
  MarketBook book;
  const bybit::Market market{Category::spot, "BTCUSDT"};
  EXPECT_FALSE(book.minute(market, 60'000));
  book.add(market, {"1", "100", "2", 130'000, 1, true, false, false});
  EXPECT_FALSE(book.minute(market, 60'000)) << "before its first trade";
  const auto flat = book.minute(market, 240'000);
  ASSERT_TRUE(flat);
  EXPECT_EQ(to_string(flat->open), "100");
  EXPECT_EQ(to_string(flat->close), "100");
  EXPECT_EQ(to_string(flat->volume), "0");
  book.add(market, {"2", "90", "1", 190'000, 2, true, false, false});
  const auto next = book.minute(market, 180'000);
  ASSERT_TRUE(next);
  EXPECT_EQ(to_string(next->open), "100");
  EXPECT_EQ(to_string(next->high), "100");
  EXPECT_EQ(to_string(next->close), "90");
}

TEST(SimulatedKlines, TellEveryMinuteAsClosedAndAgainIfItChanges) {
  const bybit::Market linear{Category::linear, "BTCUSDT"}, spot{Category::spot, "BTCUSDT"};
  MarketBook book;
  Klines klines({linear, spot});
  const auto texts = [&](std::int64_t now_ms) {
    std::vector<std::string> all;
    for (const auto& frame : klines.due(book, now_ms)) {
      EXPECT_EQ(frame.topic, "kline.1.BTCUSDT");
      all.push_back(std::string(to_string(frame.category)) + " " + frame.text);
    }
    return all;
  };
  EXPECT_TRUE(texts(600'500).empty());
  book.add(linear, {"1", "100", "2", 601'000, 1, true, false, false});
  book.add(spot, {"1", "50", "1", 602'000, 1, true, false, false});
  EXPECT_TRUE(texts(601'400).empty()) << "at most once a second";
  auto told = texts(602'500);
  ASSERT_EQ(told.size(), 2u);
  for (const auto& text : told) EXPECT_TRUE(text.contains(R"("confirm":false)")) << text;
  EXPECT_TRUE(texts(660'900).empty()) << "the last trades may be on their way";
  told = texts(661'900);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(
      told[0],
      R"(linear {"topic":"kline.1.BTCUSDT","data":[{"start":600000,"end":659999,"interval":"1","open":"100","close":"100","high":"100","low":"100","volume":"2","turnover":"200","confirm":true,"timestamp":661900},{"start":660000,"end":719999,"interval":"1","open":"100","close":"100","high":"100","low":"100","volume":"0","turnover":"0","confirm":false,"timestamp":661900}],"ts":661900,"type":"snapshot"})");
  EXPECT_EQ(
      told[1],
      R"(spot {"type":"snapshot","topic":"kline.1.BTCUSDT","data":[{"start":600000,"end":659999,"interval":"1","open":"50","close":"50","high":"50","low":"50","volume":"1","turnover":"50","confirm":true,"timestamp":661900}],"ts":661900})");
  book.add(spot, {"2", "60", "1", 603'000, 1, true, false, false});
  told = texts(664'000);
  ASSERT_EQ(told.size(), 1u);
  EXPECT_TRUE(told[0].contains(R"("volume":"2","turnover":"110","confirm":true)")) << told[0];
  EXPECT_EQ(texts(721'500).size(), 2u) << "flat ones";
}

// All trade frames of a real capture, as recorded, through sockets and back.
TEST(SimulatedCapture, ArrivesByteForByte) {
  const char* folder = std::getenv("TRADELAKE_CAPTURES");
  const std::filesystem::path captures =
      folder != nullptr ? folder : std::filesystem::path(TRADELAKE_SOURCE_DIR) / "../shared/data";
  const auto path = captures / "bybit_v5_2026-08-09.tsv.zst";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no captures here";
  std::multiset<std::string> expected;
  auto reader = CaptureLines::open(path.string());
  ASSERT_TRUE(reader);
  for (;;) {
    const auto line = reader->next();
    ASSERT_TRUE(line) << line.error().message;
    if (!*line) break;
    const auto text = (*line)->text;
    if (text.starts_with(R"({"topic":"publicTrade.)")) {
      expected.insert(std::string((*line)->category) + " " + std::string(text));
    }
  }
  EXPECT_EQ(expected.size(), 120u);

  SimulatorOptions options;
  options.capture = path.string();
  options.speed = 0;
  options.recorded_times = true;
  options.start_delay = std::chrono::milliseconds(200);
  Simulator simulator(options);
  ASSERT_TRUE(simulator.start());
  KeepingSink sink;
  BybitSourceOptions client;
  client.websocket = simulator.endpoint();
  client.markets =
      resolve_markets(simulator.endpoint(), {{Category::linear, "*"}, {Category::spot, "*"}});
  client.times = short_times();
  BybitSource source(client);
  ASSERT_TRUE(source.start(sink));
  ASSERT_TRUE(eventually([&] { return sink.size() == expected.size(); }));
  source.stop();
  std::multiset<std::string> received;
  for (const auto& frame : sink.frames()) {
    received.insert(std::string(to_string(frame.category)) + " " + frame.text);
  }
  EXPECT_EQ(received, expected);
}

TEST(SimulatedCapture, CanBeMovedToNow) {
  const auto path = temporary("moved.tsv");
  std::ofstream(path)
      << "1000000000000000000\tspot\t"
      << R"({"topic":"publicTrade.A","ts":1000000000002,"type":"snapshot","data":[{"i":"1","T":1000000000000,"p":"1","v":"2","S":"Buy","s":"A"},{"i":"2","T":1000000000001,"p":"1","v":"2","S":"Buy","s":"A"}]})"
      << "\n";
  auto source = make_capture_source({path, 1, false});
  ASSERT_TRUE(source) << source.error().message;
  (*source)->begin(1'790'000'000'000'000);
  std::vector<ScheduledFrame> frames;
  ASSERT_TRUE(*(*source)->next(frames));
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(
      frames[0].text,
      R"({"topic":"publicTrade.A","ts":1790000000002,"type":"snapshot","data":[{"i":"1","T":1790000000000,"p":"1","v":"2","S":"Buy","s":"A"},{"i":"2","T":1790000000001,"p":"1","v":"2","S":"Buy","s":"A"}]})");
  EXPECT_EQ(frames[0].due_us, 1'790'000'000'000'000);
  EXPECT_EQ(frames[0].fresh.size(), 2u);
  EXPECT_FALSE(*(*source)->next(frames));
  std::filesystem::remove(path);
}

TEST(SimulatedCapture, HasItsKlinesOnlyAtTheTimesRecorded) {
  const auto path = (std::filesystem::temp_directory_path() / "tradelake_feed_klines.tsv").string();
  const std::string kline =
      R"({"topic":"kline.1.A","data":[{"start":60000,"end":119999,"timestamp":120100}],"ts":120100})";
  std::ofstream(path) << "1000000000000000000\tlinear\t" << kline << "\n";
  for (const bool recorded : {false, true}) {
    auto source = make_capture_source({path, 1, recorded});
    ASSERT_TRUE(source) << source.error().message;
    EXPECT_EQ((*source)->has_topic(Category::linear, "kline.1.A"), recorded);
    (*source)->begin(1'790'000'000'000'000);
    std::vector<ScheduledFrame> frames;
    ASSERT_TRUE(*(*source)->next(frames));
    ASSERT_EQ(frames.size(), recorded ? 1u : 0u);
    if (recorded) {
      EXPECT_EQ(frames[0].text, kline);
    }
    EXPECT_TRUE((*source)->kline_markets().empty()) << "it has its own";
  }
  std::filesystem::remove(path);
}

TEST(Simulator, RefusesWhatItCannotDo) {
  const auto failure = [](SimulatorOptions options) {
    return Simulator(std::move(options)).start().error().message;
  };
  SimulatorOptions symbols;
  symbols.symbols = "linear:*";
  EXPECT_NE(failure(symbols).find("linear:*"), std::string::npos);
  SimulatorOptions capture;
  capture.capture = "/nowhere/capture.tsv";
  EXPECT_NE(failure(capture).find("/nowhere/capture.tsv"), std::string::npos);
  SimulatorOptions half_tls;
  half_tls.tls_cert = "cert.pem";
  EXPECT_NE(failure(half_tls).find("both"), std::string::npos);
  Simulator first{SimulatorOptions{}};
  ASSERT_TRUE(first.start());
  SimulatorOptions taken;
  taken.listen_port = first.port();
  EXPECT_NE(failure(taken).find(std::to_string(first.port())), std::string::npos);
}

TEST(HttpClient, SaysWhereNobodyAnswers) {
  const auto answer = http_get({false, "127.0.0.1", 1}, "/v5/market/time",
                               {std::chrono::milliseconds(500), {}, 1'000});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Errc::unavailable);
  EXPECT_NE(answer.error().message.find("http://127.0.0.1:1/v5/market/time"), std::string::npos);
}

TEST(Addresses, AreReadAndRefusedWithAReason) {
  const auto exchange = parse_exchange("bybit");
  EXPECT_EQ(exchange->websocket.host, "stream.bybit.com");
  EXPECT_TRUE(exchange->rest.tls);
  EXPECT_EQ(exchange->rest.authority(), "api.bybit.com");
  const auto local = parse_exchange("ws://127.0.0.1:8080");
  EXPECT_EQ(local->websocket.port, 8080);
  EXPECT_FALSE(local->rest.tls);
  EXPECT_EQ(parse_exchange("wss://[::1]:9443")->websocket.host, "::1");
  for (const auto bad : {"", "kraken", "http://x:1", "ws://", "ws://:80", "ws://h:0",
                         "ws://h:99999", "ws://h:80/path", "ws://u@h:80", "ws://h:8x"}) {
    EXPECT_FALSE(parse_exchange(bad)) << bad;
  }
}

}  // namespace
}  // namespace tradelake::feed
