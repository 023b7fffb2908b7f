#include "feed/simulator/generator.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "core/decimal.h"
#include "feed/capture_lines.h"
#include "feed/simulator/faults.h"
#include "feed/simulator/frame_source.h"
#include "feed/simulator/trade_frame.h"
#include "feed/simulator/write_capture.h"
#include "temporary.h"

namespace tradelake::feed {
namespace {

using bybit::Category;

constexpr std::string_view symbols = "linear:12,spot:12,inverse:3,option:2,spot:BTCTRY";

GeneratorOptions options(std::uint64_t seed) {
  return {seed, 1'785'542'400'000, 5'000};
}

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string text_of(const Listing& listing, std::uint64_t seed, int frames) {
  Generator generator(listing, options(seed));
  GeneratedFrame frame;
  std::string text;
  for (int i = 0; i < frames; ++i) {
    generator.next(frame);
    write_trade_frame(text, listing, frame);
    text += '\n';
  }
  return text;
}

TEST(Generator, MakesTheSameTradesForTheSameSeedAndOthersForAnother) {
  const auto listing = make_listing(symbols);
  ASSERT_TRUE(listing) << listing.error().message;
  EXPECT_EQ(text_of(*listing, 7, 2'000), text_of(*listing, 7, 2'000));
  EXPECT_NE(text_of(*listing, 7, 2'000), text_of(*listing, 8, 2'000));
}

TEST(Generator, KeepsWhatTheExchangePromises) {
  const auto listing = make_listing(symbols);
  Generator generator(*listing, options(3));
  GeneratedFrame frame;
  std::set<std::pair<std::uint64_t, std::uint64_t>> ids;
  std::map<std::uint32_t, std::pair<std::int64_t, std::uint64_t>> last;
  std::size_t trades = 0;
  std::size_t continued = 0;
  std::uint64_t sweep_seq = 0;
  std::int64_t last_due = 0;
  for (int n = 0; n < 150'000; ++n) {
    generator.next(frame);
    ASSERT_FALSE(frame.trades.empty());
    ASSERT_LE(frame.trades.size(), most_trades_per_frame);
    ASSERT_GE(frame.due_us, last_due);
    last_due = frame.due_us;
    const auto& first = frame.trades.front();
    if (first.seq == sweep_seq) ++continued;
    sweep_seq = first.seq;
    auto& [time_ms, seq] = last[frame.stream];
    ASSERT_GE(first.time_ms, time_ms);
    ASSERT_GE(first.seq, seq);
    time_ms = first.time_ms;
    seq = first.seq;
    for (const auto& trade : frame.trades) {
      const auto& instrument = listing->instruments[trade.instrument];
      ASSERT_EQ(trade.time_ms, first.time_ms);
      ASSERT_EQ(trade.seq, first.seq);
      ASSERT_EQ(trade.buy, first.buy);
      ASSERT_GT(trade.price, 0);
      ASSERT_EQ(trade.price % instrument.tick, 0);
      ASSERT_GT(trade.size, 0);
      ASSERT_TRUE(ids.emplace(trade.id[0], trade.id[1]).second);
    }
    trades += frame.trades.size();
  }
  EXPECT_GT(continued, 0u) << "no sweep was larger than a frame";
  const double seconds = static_cast<double>(last_due - 1'785'542'400'000'000) / 1e6;
  EXPECT_NEAR(static_cast<double>(trades) / seconds, 5'000, 1'500);
}

// Two minutes of a slow market, many times: a sweep of hundreds once made it wait for as long as
// that many single trades would have taken.
TEST(Generator, IsNotSilentAfterALargeSweep) {
  const auto listing = make_listing(symbols);
  GeneratedFrame frame;
  std::int64_t longest_us = 0;
  std::size_t largest = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    auto slow = options(seed);
    slow.trades_per_second = 50;
    Generator generator(*listing, slow);
    std::int64_t last_due = slow.start_ms * 1000;
    while (last_due < (slow.start_ms + 120'000) * 1000) {
      generator.next(frame);
      longest_us = std::max(longest_us, frame.due_us - last_due);
      largest = std::max(largest, frame.trades.size());
      last_due = frame.due_us;
    }
  }
  EXPECT_GT(largest, 500u);
  EXPECT_LT(longest_us, 1'500'000);
}

TEST(Generator, CoversPricesFromTenToTheMinusTwelveToAMillion) {
  const auto listing = make_listing("spot:14,spot:BTCTRY");
  bool finest = false;
  bool largest = false;
  for (const auto& instrument : listing->instruments) {
    finest |= instrument.price_decimals == 12;
    largest |= instrument.price_decimals == 0 && instrument.first_price >= 1'000'000;
  }
  EXPECT_TRUE(finest);
  EXPECT_TRUE(largest);
}

TEST(TradeFrames, HaveTheKeyOrderOfTheirCategory) {
  const auto listing = make_listing("linear:BTCUSDT,spot:BTCUSDT,inverse:BTCUSD,option:BTC");
  Generator generator(*listing, options(5));
  const auto text = [&](std::uint32_t stream) {
    GeneratedFrame frame{
        stream, 0, 1'790'409'769'488, {generator.extra_trade(stream, 1'790'409'769'487)}};
    std::string out;
    write_trade_frame(out, *listing, frame);
    return out;
  };
  const auto in_order = [](const std::string& frame, std::vector<std::string> keys) {
    std::size_t at = 0;
    for (const auto& key : keys) {
      const auto found = frame.find("\"" + key + "\":", at);
      EXPECT_NE(found, std::string::npos) << key << " in " << frame;
      at = found;
    }
  };
  in_order(text(0),
           {"topic", "type", "ts", "data", "T", "s", "S", "v", "p", "L", "i", "BT", "RPI", "seq"});
  in_order(text(1),
           {"topic", "ts", "type", "data", "i", "T", "p", "v", "S", "seq", "s", "BT", "RPI"});
  in_order(text(2),
           {"topic", "type", "ts", "data", "T", "s", "S", "v", "p", "L", "i", "BT", "RPI", "seq"});
  in_order(text(3),
           {"id", "topic", "type", "ts", "data", "T", "s", "i", "mP", "iP", "mIv", "iv", "seq"});
  EXPECT_EQ(text(1).find("\"L\""), std::string::npos);
  EXPECT_NE(text(3).find("\"topic\":\"publicTrade.BTC\""), std::string::npos);
  EXPECT_NE(text(3).find("\"s\":\"BTC-"), std::string::npos);
  const auto inverse = text(2);
  EXPECT_EQ(inverse.find('.', inverse.find("\"v\":")), inverse.find('.', inverse.find("\"p\":")))
      << "inverse sizes are whole dollars";
}

TEST(TradeFrames, WriteScaledNumbersExactly) {
  const auto scaled = [](std::int64_t value, int decimals, bool trim) {
    std::string out;
    write_scaled(out, value, decimals, trim);
    return out;
  };
  EXPECT_EQ(scaled(8'401'750, 2, false), "84017.50");
  EXPECT_EQ(scaled(8'401'750, 2, true), "84017.5");
  EXPECT_EQ(scaled(8'401'700, 2, true), "84017");
  EXPECT_EQ(scaled(1, 12, true), "0.000000000001");
  EXPECT_EQ(scaled(100, 2, true), "1");
  EXPECT_EQ(scaled(1'000, 2, true), "10");
  EXPECT_EQ(scaled(50, 3, false), "0.050");
  EXPECT_EQ(scaled(7, 0, true), "7");
}

TEST(TradeFrames, GoodOnesParseInEveryShape) {
  const auto listing = make_listing(symbols);
  Generator generator(*listing, options(11));
  GeneratedFrame frame;
  simdjson::dom::parser parser;
  Random random(1);
  for (int n = 0; n < 4'000; ++n) {
    generator.next(frame);
    FrameShape shape;
    shape.shuffle_keys = random.chance(0.5);
    shape.bare_numbers = random.chance(0.5);
    shape.unknown_fields = random.chance(0.5);
    shape.omit_optional = random.chance(0.5);
    shape.seed = random.next();
    std::string text;
    write_trade_frame(text, *listing, frame, shape);
    simdjson::dom::object object;
    ASSERT_FALSE(parser.parse(text).get_object().get(object)) << text;
    simdjson::dom::array data;
    ASSERT_FALSE(object["data"].get_array().get(data)) << text;
    ASSERT_EQ(data.size(), frame.trades.size());
    for (const simdjson::dom::element trade : data) {
      for (const auto key : {"i", "s", "S", "p", "v", "T"}) {
        ASSERT_EQ(trade[key].error(), simdjson::SUCCESS) << key << " in " << text;
      }
      ASSERT_EQ(trade["p"].is_string(), !shape.bare_numbers);
      if (shape.bare_numbers) continue;
      std::string_view price;
      ASSERT_FALSE(trade["p"].get_string().get(price));
      ASSERT_TRUE(parse_decimal(price)) << price;
    }
  }
}

TEST(WrittenCaptures, AreTheSameForASeedWithAllFaultsAndReadBack) {
  const auto plan = parse_faults("all");
  ASSERT_TRUE(plan);
  const WriteCaptureOptions wanted{temporary("a.tsv"), std::string(symbols), options(4), *plan,
                                   5'000};
  auto packed = wanted;
  packed.path = temporary("b.tsv.zst");
  auto again = wanted;
  again.path = temporary("c.tsv");
  const auto written = write_capture(wanted);
  ASSERT_TRUE(written) << written.error().message;
  ASSERT_TRUE(write_capture(packed));
  ASSERT_TRUE(write_capture(again));
  EXPECT_EQ(content(wanted.path), content(again.path));
  EXPECT_GT(written->frames, 5'000u);

  auto plain_reader = CaptureLines::open(wanted.path);
  auto packed_reader = CaptureLines::open(packed.path);
  std::uint64_t lines = 0;
  std::int64_t last_ns = 0;
  for (;; ++lines) {
    const auto plain = plain_reader->next();
    const auto unpacked = packed_reader->next();
    ASSERT_TRUE(plain) << plain.error().message;
    ASSERT_TRUE(unpacked) << unpacked.error().message;
    ASSERT_EQ(plain->has_value(), unpacked->has_value());
    if (!*plain) break;
    ASSERT_EQ((*plain)->text, (*unpacked)->text);
    ASSERT_GT((*plain)->recv_ns, last_ns);
    last_ns = (*plain)->recv_ns;
  }
  EXPECT_EQ(lines, written->frames);
  for (const auto& path : {wanted.path, packed.path, again.path}) std::filesystem::remove(path);
}

TEST(CaptureSource, NamesALineThatCannotBeServed) {
  const auto path = temporary("bad.tsv");
  std::ofstream(path) << "1\tlinear\t{}\n2\tfutures\t{}\n";
  const auto source = make_capture_source({.path = path});
  ASSERT_FALSE(source);
  EXPECT_NE(source.error().message.find("line 2"), std::string::npos);
  EXPECT_NE(source.error().message.find("'futures'"), std::string::npos);
  std::filesystem::remove(path);
}

TEST(WrittenCaptures, ACutCompressedFileIsAnError) {
  const auto path = temporary("cut.tsv.zst");
  ASSERT_TRUE(write_capture({path, "linear:2", options(1), {}, 2'000}));
  std::filesystem::resize_file(path, std::filesystem::file_size(path) / 2);
  auto reader = CaptureLines::open(path);
  for (;;) {
    const auto line = reader->next();
    if (!line) {
      EXPECT_EQ(line.error().code, Errc::corrupt);
      break;
    }
    ASSERT_TRUE(*line) << "the cut was not noticed";
  }
  std::filesystem::remove(path);
}

TEST(Faults, KeepEveryGoodTradeAndNameItOnce) {
  const auto listing = make_listing(symbols);
  Generator generator(*listing, options(9));
  auto plan = parse_faults("all");
  FrameFaults faults(*listing, generator, *plan, 9);
  GeneratedFrame frame;
  std::vector<OutFrame> out;
  std::multiset<std::pair<std::uint64_t, std::uint64_t>> made;
  for (int n = 0; n < 20'000; ++n) {
    generator.next(frame);
    for (const auto& trade : frame.trades) made.emplace(trade.id[0], trade.id[1]);
    faults.mix(frame, out);
  }
  faults.flush(out);
  std::multiset<std::pair<std::uint64_t, std::uint64_t>> fresh;
  for (const auto& sent : out) {
    ASSERT_EQ(sent.text.find('\n'), std::string::npos);
    for (const auto& trade : sent.fresh) fresh.emplace(trade.id[0], trade.id[1]);
  }
  for (const auto& id : made) ASSERT_EQ(fresh.count(id), 1u);
  EXPECT_GT(fresh.size(), made.size()) << "late trades are new trades";
}

TEST(Faults, SayWhatIsAllowed) {
  EXPECT_TRUE(parse_faults(""));
  EXPECT_FALSE(parse_faults("")->any());
  const auto plan = parse_faults("close=10s,repeat=0.5,drop=250ms");
  ASSERT_TRUE(plan);
  EXPECT_EQ((*plan)[Fault::close].every.count(), 10'000);
  EXPECT_EQ((*plan)[Fault::drop].every.count(), 250);
  EXPECT_EQ((*plan)[Fault::repeat].chance, 0.5);
  EXPECT_FALSE((*plan)[Fault::late].on());
  EXPECT_NE(parse_faults("explode").error().message.find("malformed"), std::string::npos);
  for (const auto bad : {"close=", "close=0", "close=2", "close=-1s", "close=1h", "reject=5s"}) {
    EXPECT_FALSE(parse_faults(bad)) << bad;
  }
}

TEST(Listings, RefuseWhatCannotBeListed) {
  EXPECT_FALSE(make_listing("linear:*"));
  EXPECT_FALSE(make_listing("linear:0"));
  EXPECT_FALSE(make_listing("linear:1000001"));
  EXPECT_EQ(make_listing("linear:1000")->streams.size(), 1'000u);
}

}  // namespace
}  // namespace tradelake::feed
