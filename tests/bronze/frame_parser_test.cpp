#include "bronze/frame_parser.h"

#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <simdjson.h>

#include "core/json_text.h"

namespace tradelake::bronze {
namespace {

constexpr std::int64_t recv_ns = 1'723'161'255'500'000'000;

class Parse {
 public:
  explicit Parse(std::string text, std::string_view category = "linear") : text_(std::move(text)) {
    const auto size = text_.size();
    text_.append(64, '\0');
    frame = &parser_.parse(std::string_view(text_).substr(0, size), category, recv_ns);
  }
  std::string reason() const {
    if (frame->bad_frame) return fmt::format("frame {}", to_string(frame->bad_frame->reason));
    if (frame->skipped) return "skipped";
    if (!frame->bad_trades.empty()) return std::string(to_string(frame->bad_trades.front().reason));
    return "good";
  }
  const ParsedFrame* frame;

 private:
  std::string text_;
  FrameParser parser_;
};

std::string frame_of(std::string_view data, std::string_view topic = "publicTrade.BTCUSDT") {
  return fmt::format(R"({{"topic":"{}","type":"snapshot","ts":1723161255343,"data":[{}]}})", topic,
                     data);
}

constexpr std::string_view good =
    R"({"T":1723161255342,"s":"BTCUSDT","S":"Sell","v":"0.001","p":"84017.50","L":"MinusTick","i":"id-1","BT":false,"RPI":true,"seq":816281670081})";

// The good trade with one piece of its text replaced.
std::string with(std::string_view piece, std::string_view replacement) {
  std::string text(good);
  const auto at = text.find(piece);
  EXPECT_NE(at, std::string::npos) << piece;
  return text.replace(at, piece.size(), replacement);
}
std::string reason_with(std::string_view piece, std::string_view replacement) {
  return Parse(frame_of(with(piece, replacement))).reason();
}

TEST(FrameParser, ReadsEveryColumn) {
  const Parse parse(frame_of(good));
  ASSERT_EQ(parse.reason(), "good");
  EXPECT_EQ(parse.frame->frame_time_us, 1723161255343000);
  const auto& trade = parse.frame->trades.at(0);
  EXPECT_EQ(trade.symbol, "BTCUSDT");
  EXPECT_EQ(trade.trade_id, "id-1");
  EXPECT_EQ(trade.side, Side::sell);
  EXPECT_EQ(to_string(trade.price), "84017.5");
  EXPECT_EQ(to_string(trade.size), "0.001");
  EXPECT_EQ(trade.trade_time_us, 1723161255342000);
  EXPECT_EQ(trade.tick_direction, "MinusTick");
  EXPECT_EQ(trade.block_trade, Flag::no);
  EXPECT_EQ(trade.rpi, Flag::yes);
  EXPECT_TRUE(trade.has_seq);
  EXPECT_EQ(trade.seq, 816281670081);
  EXPECT_EQ(trade.extra_count, 0u);
}

TEST(FrameParser, TakesKeysInAnyOrderAndWithoutTheOptionalOnes) {
  const Parse parse(
      R"( { "data" : [ { "i":"a","v":"1","p":"2","S":"Buy","s":"X","T":"1723161255342" } ] , "topic":"publicTrade.X" } )");
  ASSERT_EQ(parse.reason(), "good");
  const auto& trade = parse.frame->trades.at(0);
  EXPECT_FALSE(parse.frame->frame_time_us);
  EXPECT_FALSE(trade.has_seq);
  EXPECT_FALSE(trade.has_tick_direction);
  EXPECT_EQ(trade.rpi, Flag::absent);
  EXPECT_EQ(trade.trade_time_us, 1723161255342000);
}

TEST(FrameParser, NamesTheFirstCheckThatFails) {
  const std::tuple<std::string_view, std::string_view, std::string_view> table[] = {
      {R"("i":"id-1",)", "", "missing_field"},
      {R"("i":"id-1")", R"("i":5)", "wrong_type"},
      {R"("i":"id-1")", R"("i":null)", "wrong_type"},
      {R"("i":"id-1")", R"("i":"")", "out_of_range"},
      {R"("s":"BTCUSDT")", R"("s":["BTCUSDT"])", "wrong_type"},
      {R"("S":"Sell")", R"("S":"sell")", "bad_side"},
      {R"("S":"Sell")", R"("S":1)", "bad_side"},
      {R"("p":"84017.50")", R"("p":84017.50)", "good"},
      {R"("p":"84017.50")", R"("p":8.401750E4)", "good"},
      {R"("p":"84017.50")", R"("p":true)", "wrong_type"},
      {R"("p":"84017.50")", R"("p":{"a":[1]})", "wrong_type"},
      {R"("p":"84017.50")", R"("p":"NaN")", "bad_number"},
      {R"("p":"84017.50")", R"("p":-1)", "bad_number"},
      {R"("p":"84017.50")", R"("p":"0")", "out_of_range"},
      {R"("p":"84017.50")", R"("p":"123456789012345678901234567890123456789")", "out_of_range"},
      {R"("p":"84017.50")", R"("p":1e400)", "out_of_range"},
      {R"("p":"84017.50")", R"("p":"0.0000000000000000001")", "out_of_range"},
      {R"("p":"84017.50")", R"("p":"9e15")", "good"},
      {R"("v":"0.001")", R"("v":"9e15")", "out_of_range"},
      {R"("T":1723161255342)", R"("T":1723161255342.0)", "good"},
      {R"("T":1723161255342)", R"("T":1723161255342.5)", "bad_time"},
      {R"("T":1723161255342)", R"("T":-1)", "bad_time"},
      {R"("T":1723161255342)", R"("T":1230767999999)", "bad_time"},
      {R"("T":1723161255342)", R"("T":1230768000000)", "good"},
      {R"("T":1723161255342)", R"("T":1723161315500)", "good"},
      {R"("T":1723161255342)", R"("T":1723161315501)", "time_in_future"},
      {R"("T":1723161255342)", R"("T":99999999999999999999999)", "time_in_future"},
      {R"("T":1723161255342)", R"("T":null)", "wrong_type"},
      {R"("BT":false)", R"("BT":null)", "wrong_type"},
      {R"("RPI":true)", R"("RPI":"true")", "wrong_type"},
      {R"("L":"MinusTick")", R"("L":1)", "wrong_type"},
      {R"("seq":816281670081)", R"("seq":"816281670081")", "wrong_type"},
      {R"("seq":816281670081)", R"("seq":-1)", "wrong_type"},
      {R"("seq":816281670081)", R"("seq":1.0)", "wrong_type"},
      {R"("seq":816281670081)", R"("seq":9223372036854775807)", "good"},
      {R"("seq":816281670081)", R"("seq":9223372036854775808)", "wrong_type"},
      {R"("p":"84017.50")", R"("p":"x","p":"84017.50")", "good"},
      {R"("p":"84017.50")", R"("p":"84017.50","p":"x")", "bad_number"},
      {R"("p":"84017.50")", R"("\u0070":"84017.50")", "good"},
  };
  for (const auto& [piece, replacement, reason] : table)
    EXPECT_EQ(reason_with(piece, replacement), reason) << replacement;
  EXPECT_EQ(reason_with(R"("i":"id-1")", fmt::format(R"("i":"{}")", std::string(128, 'x'))),
            "good");
  EXPECT_EQ(reason_with(R"("i":"id-1")", fmt::format(R"("i":"{}")", std::string(129, 'x'))),
            "out_of_range");
}

TEST(FrameParser, CutsWhatItShowsBetweenCharacters) {
  std::string id(99, 'a');
  for (int n = 0; n < 40; ++n) id += "\u20ac";
  const Parse parse(frame_of(with("id-1", id)));
  ASSERT_EQ(parse.reason(), "out_of_range");
  const auto& detail = parse.frame->bad_trades.at(0).detail;
  EXPECT_EQ(detail, "i is " + id.substr(0, 99) + "; allowed: a string of 1 to 128 bytes");
}

TEST(FrameParser, KeepsTheGoodTradesOfAFrameBesideABadOne) {
  const auto bad = with(R"("S":"Sell")", R"("S":"?")");
  const Parse parse(frame_of(fmt::format("{}, {} ,{},7", good, bad, good)));
  ASSERT_EQ(parse.frame->trades.size(), 2u);
  EXPECT_EQ(parse.frame->trades[1].index, 2);
  ASSERT_EQ(parse.frame->bad_trades.size(), 2u);
  EXPECT_EQ(parse.frame->bad_trades[0].index, 1);
  EXPECT_EQ(parse.frame->bad_trades[0].payload, bad);
  EXPECT_EQ(parse.frame->bad_trades[0].symbol, "BTCUSDT");
  EXPECT_EQ(parse.frame->bad_trades[1].payload, "7");
  EXPECT_EQ(parse.frame->bad_trades[1].reason, Reason::wrong_type);
}

TEST(FrameParser, PutsUnknownFieldsIntoExtra) {
  const Parse parse(frame_of(with(
      R"("BT":false)", R"("mP":"12\"4","new":{"a": [1, 2]},"n":1.50,"t":true,"z":null,"mP":"7")")));
  ASSERT_EQ(parse.reason(), "good");
  std::vector<std::pair<std::string, std::string>> extra;
  for (const auto& field : parse.frame->extra) extra.emplace_back(field.key, field.value);
  EXPECT_EQ(
      extra,
      (std::vector<std::pair<std::string, std::string>>{
          {"mP", "7"}, {"new", R"({"a": [1, 2]})"}, {"n", "1.50"}, {"t", "true"}, {"z", "null"}}));
}

TEST(FrameParser, RefusesAWholeFrame) {
  const std::string whole = frame_of(std::string(good) + "," + std::string(good));
  for (std::size_t cut = 0; cut < whole.size(); ++cut) {
    EXPECT_EQ(Parse(whole.substr(0, cut)).reason(), "frame not_json") << cut;
  }
  const std::pair<std::string, std::string_view> table[] = {
      {whole + "x", "frame not_json"},
      {whole + " \n", "good"},
      {whole + whole, "frame not_json"},
      {frame_of(with("false", "fals")), "frame not_json"},
      {frame_of(with("\"BT\":false", "\"x\":fals")), "frame not_json"},
      {frame_of(with("\"BT\":false", "\"x\":[1,]")), "frame not_json"},
      {frame_of(with("84017.50", "\xff")), "frame not_utf8"},
      {frame_of(with("1723161255342", "01723161255342")), "frame not_json"},
      {"[]", "frame no_topic"},
      {"7", "frame no_topic"},
      {"\"publicTrade.X\"", "frame no_topic"},
      {R"({"topic":7,"data":[]})", "frame no_topic"},
      {R"({"data":[]})", "frame no_topic"},
      {R"({"topic":"publicTrade.X"})", "frame no_data"},
      {R"({"topic":"publicTrade.X","data":{}})", "frame no_data"},
      {R"({"topic":"publicTrade.X","data":null})", "frame no_data"},
      {R"({"topic":"publicTrade.X","data":[]})", "good"},
      {R"({"topic":"publicTrade."})", "frame unroutable"},
      {R"({"topic":"tickers.X","data":7})", "skipped"},
      {R"({"topic":"publicTrade.X","data":[],"topic":"tickers.X"})", "skipped"},
  };
  for (const auto& [text, reason] : table) EXPECT_EQ(Parse(text).reason(), reason) << text;
  EXPECT_EQ(Parse(frame_of(good), "spread").reason(), "frame category_mismatch");
  EXPECT_EQ(Parse(frame_of(good, "publicTrade.BTC"), "option").reason(), "good");
  EXPECT_EQ(Parse(frame_of(good, "publicTrade.BTC-28APR23-29500-C"), "option").reason(),
            "frame category_mismatch");
  EXPECT_EQ(Parse(R"({"topic":"publicTrade.X","x":)" + std::string(100'000, '[') + "}").reason(),
            "frame not_json");
  EXPECT_EQ(Parse(R"({"topic":"publicTrade.X","data":[],"x":)" + std::string(100'000, '[') +
                  std::string(100'000, ']') + "}")
                .reason(),
            "good");
}

TEST(FrameParser, OfTwoDataTheLastCounts) {
  const Parse parse(
      fmt::format(R"({{"topic":"publicTrade.X","data":[{0},{0}],"data":[{0}]}})", good));
  EXPECT_EQ(parse.frame->trades.size(), 1u);
}

// Whatever is done to a frame, it is JSON for us exactly if it is for the strict checker.
RC_GTEST_PROP(FrameParserProperty, AgreesWithAStrictCheckerOnMutatedFrames, ()) {
  std::string text =
      frame_of(std::string(good) + "," + with(R"("BT":false)", R"("mP":{"a":[1,{"b":null}]})"));
  const auto edits = *rc::gen::inRange(1, 4);
  for (int i = 0; i < edits; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
    switch (*rc::gen::inRange(0, 3)) {
      case 0:
        text[at] = *rc::gen::elementOf(std::string("{}[]\",:0e.-tn \\u\x01"));
        break;
      case 1:
        text.erase(at, *rc::gen::inRange<std::size_t>(1, 5));
        break;
      default:
        text.insert(at, 1, *rc::gen::elementOf(std::string("{}[]\",:0e.-tn \\u\x01")));
        break;
    }
    RC_PRE(!text.empty());
  }
  const auto reason = Parse(text).reason();
  RC_ASSERT((reason != "frame not_json") == is_json(text));
}

}  // namespace
}  // namespace tradelake::bronze
