#include "feed/simulator/klines.h"

#include <fmt/format.h>

#include "bybit/topic.h"
#include "core/time.h"

namespace tradelake::feed {
namespace {

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t push_every_ms = 1'000;
constexpr std::int64_t closing_delay_ms = 1'000;

std::string element(const BookCandle& candle, bool closed, std::int64_t now_ms) {
  return fmt::format(
      R"({{"start":{},"end":{},"interval":"1","open":"{}","close":"{}","high":"{}","low":"{}",)"
      R"("volume":"{}","turnover":"{}","confirm":{},"timestamp":{}}})",
      candle.open_ms, candle.open_ms + minute_ms - 1, to_string(candle.open),
      to_string(candle.close), to_string(candle.high), to_string(candle.low),
      to_string(candle.volume), to_string(candle.turnover), closed, now_ms);
}

ScheduledFrame frame(const bybit::Market& market, const std::string& data, std::int64_t now_ms) {
  ScheduledFrame made;
  made.category = market.category;
  made.topic = bybit::minute_kline_topic(market.symbol);
  made.text = market.category == bybit::Category::spot
                  ? fmt::format(R"({{"type":"snapshot","topic":"{}","data":[{}],"ts":{}}})",
                                made.topic, data, now_ms)
                  : fmt::format(R"({{"topic":"{}","data":[{}],"ts":{},"type":"snapshot"}})",
                                made.topic, data, now_ms);
  return made;
}

}  // namespace

std::vector<ScheduledFrame> Klines::due(MarketBook& book, std::int64_t now_ms) {
  if (markets_.empty() || now_ms < next_ms_) return {};
  next_ms_ = now_ms + push_every_ms;
  const std::int64_t until_ms = floor_to(now_ms - closing_delay_ms, minute_ms);
  if (closed_until_ms_ == 0) closed_until_ms_ = until_ms;
  std::vector<ScheduledFrame> frames;
  const auto tell = [&](const bybit::Market& market, std::int64_t open_ms) {
    const auto candle = book.minute(market, open_ms);
    if (!candle) return;
    const bool closed = open_ms + minute_ms <= until_ms;
    auto data = element(*candle, closed, now_ms);
    if (closed && market.category != bybit::Category::spot) {
      if (const auto next = book.minute(market, open_ms + minute_ms))
        data += "," + element(*next, false, now_ms);
    }
    frames.push_back(frame(market, data, now_ms));
  };
  for (const auto& [open_ms, market] : book.take_changed()) {
    const bool told_below = open_ms >= closed_until_ms_ && open_ms + minute_ms <= until_ms;
    if (bybit::has_klines(market.category) && !told_below) tell(market, open_ms);
  }
  for (; closed_until_ms_ < until_ms; closed_until_ms_ += minute_ms) {
    for (const auto& market : markets_) tell(market, closed_until_ms_);
  }
  return frames;
}

}  // namespace tradelake::feed
