#include "faults/input.h"

#include <array>
#include <random>

#include <fmt/format.h>

namespace tradelake::faults {
namespace {

using bybit::Category;

// Two minutes before midnight UTC: files of two days, two hours.
constexpr std::int64_t first_time_ms = 1'785'542'400'000 - 120'000;
constexpr std::size_t oversized_bytes = (std::size_t{1} << 20) + 100'000;

struct MarketName {
  Category category;
  const char* key;     // the topic's last part
  const char* symbol;  // of the trades
};
constexpr std::array<MarketName, 7> markets{{{Category::linear, "BTCUSDT", "BTCUSDT"},
                                             {Category::linear, "ETHUSDT", "ETHUSDT"},
                                             {Category::linear, "SOLUSDT", "SOLUSDT"},
                                             {Category::linear, "XRPUSDT", "XRPUSDT"},
                                             {Category::spot, "BTCUSDT", "BTCUSDT"},
                                             {Category::inverse, "BTCUSD", "BTCUSD"},
                                             {Category::option, "BTC", "BTC-27MAR27-70000-P"}}};

std::string amount(std::int64_t ten_thousandths) {
  return fmt::format("{}.{:04}", ten_thousandths / 10'000, ten_thousandths % 10'000);
}

class Maker {
 public:
  explicit Maker(const InputOptions& options)
      : options_(options), random_(options.seed), of_klines_(options.seed) {}

  std::vector<Frame> capture(bool oversized) {
    std::vector<Frame> frames;
    for (int n = 0; n < options_.frames; ++n) {
      now_ms_ += below(30'000);
      frames.push_back(next());
      if (of_klines_() % 100 < 25) frames.push_back(kline());
    }
    if (oversized) {
      const auto at = static_cast<std::ptrdiff_t>(random_() % frames.size());
      frames.insert(frames.begin() + at, too_large(frames[static_cast<std::size_t>(at)].recv_ns));
    }
    return frames;
  }

 private:
  std::int64_t below(std::int64_t end) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(end));
  }
  bool chance(int percent) { return below(100) < percent; }

  Frame next() {
    Frame frame;
    frame.recv_ns = now_ms_ * 1'000'000 + 5'000'123;
    frame.category = Category::linear;
    ++number_;
    if (chance(5)) return not_logged(frame);
    if (chance(8)) return bad(frame);
    const auto market = static_cast<std::size_t>(random_() % markets.size());
    const auto& [category, key, symbol] = markets[market];
    frame.category = category;
    frame.key = key;
    frame.topic = fmt::format("bybit.v5.{}.publicTrade", to_string(category));
    std::string data;
    const auto count = 1 + below(4);
    for (std::int32_t index = 0; index < count; ++index) {
      if (index > 0) data += ',';
      data += chance(10) ? bad_trade(frame, index, symbol) : good_trade(frame, index, market);
    }
    frame.text =
        fmt::format(R"({{"topic":"publicTrade.{}","type":"snapshot","ts":{},"data":[{}],"n":{}}})",
                    key, now_ms_, data, number_);
    return frame;
  }

  std::string good_trade(Frame& frame, std::int32_t index, std::size_t market) {
    GoodTrade trade;
    auto& earlier = earlier_[market];
    if (!earlier.empty() && chance(25)) {
      // A repeat: mostly a recent one, as after a reconnect, or any.
      const auto back = chance(60)
                            ? std::min<std::int64_t>(static_cast<std::int64_t>(earlier.size()), 6)
                            : static_cast<std::int64_t>(earlier.size());
      trade = earlier[earlier.size() - 1 - static_cast<std::size_t>(below(back))];
    } else {
      trade.symbol = markets[market].symbol;
      trade.id = fmt::format("{:08x}-0000-5000-8000-{:012x}", random_() & 0xffffffff, ++ids_);
      trade.buy = chance(50);
      trade.price = 1 + below(900'000'000);
      trade.size = 1 + below(5'000'000);
      trade.time_ms = now_ms_;
      if (chance(30)) trade.time_ms -= below(90'000);
      if (chance(8)) trade.time_ms -= options_.grace_ms + below(300'000);
      trade.seq = 1'000 + below(20);
      earlier.push_back(trade);
    }
    trade.index = index;
    frame.good.push_back(trade);
    return fmt::format(
        R"({{"T":{},"s":"{}","S":"{}","v":"{}","p":"{}","i":"{}","BT":false,"seq":{}}})",
        trade.time_ms, trade.symbol, trade.buy ? "Buy" : "Sell", amount(trade.size),
        amount(trade.price), trade.id, trade.seq);
  }

  std::string bad_trade(Frame& frame, std::int32_t index, const char* symbol) {
    constexpr std::array<std::pair<const char*, const char*>, 5> kinds{
        {{R"("S":"Hold","v":"1","p":"2")", "bad_side"},
         {R"("S":"Buy","v":"1")", "missing_field"},
         {R"("S":"Buy","v":"1","p":"2,5")", "bad_number"},
         {R"("S":"Buy","v":"0","p":"2")", "out_of_range"},
         {R"("S":"Sell","v":"1","p":"2","seq":null)", "wrong_type"}}};
    const auto& [fields, reason] = kinds[static_cast<std::size_t>(random_() % kinds.size())];
    frame.bad.push_back({index, reason});
    return fmt::format(R"({{"T":{},"s":"{}","i":"bad-{}",{}}})", now_ms_, symbol, number_, fields);
  }

  // Drawn apart, so that the other frames are those that they were without.
  Frame kline() {
    const auto market = static_cast<std::size_t>(of_klines_() % (markets.size() - 1));
    const auto& [category, key, symbol] = markets[market];
    ClosedKline one;
    auto& earlier = klines_[market];
    const auto kind = earlier.empty() ? 100 : of_klines_() % 100;
    if (kind < 40) one = earlier[static_cast<std::size_t>(of_klines_() % earlier.size())];
    if (kind >= 40) {
      one.symbol = symbol;
      one.open_ms = (now_ms_ / 60'000 - 1) * 60'000;
      if (kind < 55) one.open_ms = earlier.back().open_ms;  // with other values
      one.close = 1 + static_cast<std::int64_t>(of_klines_() % 900'000'000);
      one.volume = static_cast<std::int64_t>(of_klines_() % 5'000'000);
      one.turnover = static_cast<std::int64_t>(of_klines_() % 5'000'000);
      earlier.push_back(one);
    }
    one.pushed_ms = now_ms_;
    one.index = static_cast<std::int32_t>(of_klines_() % 2);
    const auto element = [&](std::int64_t open_ms, bool confirm) {
      return fmt::format(
          R"({{"start":{0},"end":{1},"interval":"1","open":"{2}","close":"{2}","high":"{2}","low":"{2}",)"
          R"("volume":"{3}","turnover":"{4}","confirm":{5},"timestamp":{6}}})",
          open_ms, open_ms + 59'999, amount(one.close), amount(one.volume), amount(one.turnover),
          confirm, one.pushed_ms);
    };
    const auto open = element(one.open_ms + 60'000, false), closed = element(one.open_ms, true);
    Frame frame;
    frame.recv_ns = now_ms_ * 1'000'000 + 5'000'123;
    frame.category = category;
    frame.key = key;
    frame.topic = fmt::format("bybit.v5.{}.kline", to_string(category));
    frame.text = fmt::format(R"({{"topic":"kline.1.{}","data":[{}{}{}],"k":{}}})", key,
                             one.index == 0 ? "" : open + ",", closed,
                             one.index == 0 ? "," + open : "", ++klines_made_);
    frame.klines.push_back(one);
    return frame;
  }

  // A whole frame that is a dead letter.
  Frame bad(Frame frame) {
    if (chance(50)) {
      frame.topic = "bybit.v5.linear.unroutable";
      frame.text = fmt::format(R"({{"topic":"publicTrade)"
                               R"(" broken {})",
                               number_);
      frame.bad.push_back({std::nullopt, "not_json"});
      return frame;
    }
    frame.key = "BTCUSDT";
    frame.topic = "bybit.v5.linear.publicTrade";
    frame.text = fmt::format(R"({{"topic":"publicTrade.BTCUSDT","n":{}}})", number_);
    frame.bad.push_back({std::nullopt, "no_data"});
    return frame;
  }

  Frame not_logged(Frame frame) {
    frame.text = chance(50) ? fmt::format(R"({{"op":"pong","n":{}}})", number_)
                            : fmt::format(R"({{"topic":"tickers.BTCUSDT","n":{}}})", number_);
    return frame;
  }

  Frame too_large(std::int64_t recv_ns) {
    Frame frame;
    frame.recv_ns = recv_ns;
    frame.category = Category::spot;
    frame.topic = "bybit.v5.spot.unroutable";
    frame.text = fmt::format(R"({{"topic":"publicTrade.BTCUSDT","n":{},"x":"{}"}})", ++number_,
                             std::string(oversized_bytes, 'x'));
    frame.bad.push_back({std::nullopt, "too_large"});
    return frame;
  }

  const InputOptions options_;
  std::mt19937_64 random_;
  std::int64_t now_ms_ = first_time_ms;
  int number_ = 0;
  int ids_ = 0;
  std::mt19937_64 of_klines_;
  int klines_made_ = 0;
  std::array<std::vector<ClosedKline>, markets.size()> klines_;
  std::array<std::vector<GoodTrade>, markets.size()> earlier_;
};

}  // namespace

std::vector<std::vector<Frame>> make_input(const InputOptions& options) {
  Maker maker(options);
  std::vector<std::vector<Frame>> captures;
  for (int n = 0; n < options.captures; ++n)
    captures.push_back(maker.capture(options.oversized && n == 0));
  return captures;
}

std::vector<std::vector<InputGap>> make_gaps(const InputOptions& options) {
  constexpr std::array causes{"not_running", "connection_lost", "queue_full"};
  std::mt19937_64 random(options.seed + 1);
  std::vector<std::vector<InputGap>> gaps(static_cast<std::size_t>(options.captures));
  std::int64_t from_us = first_time_ms * 1'000 - 90'000'000;
  for (auto& of_capture : gaps) {
    for (auto left = 1 + random() % 3; left > 0; --left) {
      const auto& [category, key, symbol] = markets[random() % markets.size()];
      from_us += 1 + static_cast<std::int64_t>(random() % 60'000'000);
      const auto to_us = from_us + static_cast<std::int64_t>(random() % 5'000'000);
      const auto* cause = causes[random() % causes.size()];
      of_capture.push_back(
          {fmt::format("bybit.v5.{}.publicTrade", to_string(category)), key, category,
           first_time_ms * 1'000'000 + 1'000, from_us, to_us, cause,
           fmt::format(R"({{"from_us":{},"to_us":{},"cause":"{}"}})", from_us, to_us, cause)});
    }
  }
  return gaps;
}

std::string capture_text(const std::vector<Frame>& frames) {
  std::string text;
  for (const auto& frame : frames)
    text += fmt::format("{}\t{}\t{}\n", frame.recv_ns, to_string(frame.category), frame.text);
  return text;
}

}  // namespace tradelake::faults
