#include "faults/expected.h"

#include <algorithm>
#include <set>

#include "core/int128.h"

namespace tradelake::faults {
namespace {

constexpr std::int64_t minute_ms = 60'000;

// Units of 10^-18, from ten-thousandths.
int128_t units(std::int64_t ten_thousandths) {
  return int128_t{ten_thousandths} * 100'000'000'000'000;
}

int128_t turnover(std::string_view category, const GoodTrade& trade) {
  if (category != "inverse") return int128_t{trade.price} * trade.size * 10'000'000'000;
  const int128_t one = 1'000'000'000'000'000'000;
  return (2 * one * trade.size + trade.price) / (2 * trade.price);  // half up
}

// Design 7: the order of trades within a candle.
auto order(const GoodTrade& trade) {
  return std::tuple(trade.time_ms, trade.seq, trade.buy ? 0 : 1,
                    trade.buy ? trade.price : -trade.price, trade.id);
}

std::string candle_text(std::string_view category, std::vector<GoodTrade> trades) {
  std::ranges::sort(trades, {}, order);
  auto [low, high] = std::ranges::minmax(trades, {}, &GoodTrade::price);
  int128_t volume = 0, amount = 0, buy_volume = 0, buy_amount = 0;
  for (const auto& trade : trades) {
    volume += units(trade.size);
    amount += turnover(category, trade);
    if (!trade.buy) continue;
    buy_volume += units(trade.size);
    buy_amount += turnover(category, trade);
  }
  return fmt::format("{} {} {} {} {} {} {} {} {} {} {}", units(trades.front().price),
                     units(high.price), units(low.price), units(trades.back().price), volume,
                     amount, trades.size(), buy_volume, buy_amount, trades.front().time_ms * 1'000,
                     trades.back().time_ms * 1'000);
}

std::string trade_text(std::string_view category, const GoodTrade& trade) {
  return fmt::format("{} {} {} {} {} {} {} {}", category, trade.symbol, trade.id,
                     trade.buy ? "Buy" : "Sell", units(trade.price), units(trade.size),
                     trade.time_ms * 1'000, trade.seq);
}

std::string kline_text(std::string_view category, const ClosedKline& kline) {
  return fmt::format("{} {} 1 {} {} {} {} {} {}", category, kline.symbol, kline.open_ms * 1'000,
                     (kline.open_ms + minute_ms) * 1'000, units(kline.close), units(kline.volume),
                     units(kline.turnover), kline.pushed_ms * 1'000);
}

std::string gap_text(const InputGap& gap) {
  return fmt::format("{} {} {} {} {} open {}", to_string(gap.category), gap.key, gap.from_us,
                     gap.to_us, gap.cause, gap.recv_ns / 1'000);
}

// Which frame each text is.
std::map<std::string_view, const Frame*> by_text(const World& world) {
  std::map<std::string_view, const Frame*> frames;
  for (const auto& capture : world.input) {
    for (const auto& frame : capture) frames.emplace(frame.text, &frame);
  }
  return frames;
}

class Reader {
 public:
  Reader(World& world, std::int64_t grace_ms)
      : world_(world), grace_ms_(grace_ms), frames_(by_text(world)) {}

  Expected read() {
    const auto offsets = *world_.log.offsets();
    for (const auto& [where, range] : offsets) {
      if (range.end == 0) continue;
      expected_.ends[where] = range.end;
      partition(where);
    }
    for (const auto& [text, frame] : frames_) {
      if (!frame->topic.empty() && !seen_.contains(frame))
        finding(fmt::format("the log lacks {}", text.substr(0, 200)));
    }
    for (const auto& interval : intervals) {
      auto& candles = expected_.candles[interval.name];
      for (const auto& [key, trades] : candles_[interval.name])
        candles[key] = {candle_text(std::get<0>(key), trades),
                        first_trades_.at({interval.name, key})};
    }
    return std::move(expected_);
  }

 private:
  void finding(std::string text) { expected_.findings.push_back(std::move(text)); }

  void partition(const log::TopicPartition& where) {
    greatest_ms_ = INT64_MIN;
    std::string parts;
    std::int64_t first_part = 0;
    for (const auto& stored : world_.log.records(where)) {
      switch (stored.headers.kind) {
        case log::RecordKind::end_marker:
          expected_.course[where].push_back({stored.offset, greatest_ms_, true});
          break;
        case log::RecordKind::gap:
          gap(where, stored);
          break;
        case log::RecordKind::frame:
          frame(where, stored.offset, stored.value);
          break;
        case log::RecordKind::part:
          if (stored.headers.part == 0) first_part = stored.offset;
          parts += stored.value;
          if (stored.headers.part + 1 < stored.headers.parts) break;
          frame(where, first_part, parts);
          parts.clear();
          break;
      }
    }
  }

  void gap(const log::TopicPartition& where, const FakeLog::Stored& stored) {
    for (const auto& of_capture : world_.gaps) {
      for (const auto& gap : of_capture) {
        if (gap.topic == where.topic && gap.key == stored.key && gap.text == stored.value) {
          expected_.gaps[{where, stored.offset}] = gap_text(gap);
          return;
        }
      }
    }
    finding("the log has a gap that nobody has sent: " + stored.value);
  }

  void frame(const log::TopicPartition& where, std::int64_t offset, const std::string& text) {
    const auto found = frames_.find(text);
    if (found == frames_.end())
      return finding("the log has what nobody sent: " + text.substr(0, 200));
    const auto& frame = *found->second;
    if (!seen_.insert(&frame).second) finding("the log has twice: " + text.substr(0, 200));
    if (frame.topic != where.topic) finding("in topic " + where.topic + ": " + text.substr(0, 200));
    for (const auto& bad : frame.bad)
      expected_.dead_letters[{where, offset, bad.index.value_or(-1)}] = bad.reason;
    const std::string category(to_string(frame.category));
    for (const auto& kline : frame.klines) {
      if (told_klines_
              .emplace(category, kline.symbol, kline.open_ms, kline.close, kline.volume,
                       kline.turnover)
              .second)
        expected_.klines[{where, offset, kline.index}] = kline_text(category, kline);
    }
    if (!frame.klines.empty()) return;
    const auto closed_until_ms =
        greatest_ms_ == INT64_MIN ? INT64_MIN : greatest_ms_ - lateness_ms - grace_ms_;
    for (const auto& trade : frame.good) {
      const Place place{where, offset, trade.index};
      const auto id = std::tuple(category, trade.symbol, trade.id);
      if (ids_.insert(id).second) expected_.trades[place] = trade_text(category, trade);
      const auto open_ms = trade.time_ms / minute_ms * minute_ms;
      if (open_ms + minute_ms <= closed_until_ms) {
        expected_.late_trades[place] = fmt::format("{} {} {}", trade_text(category, trade),
                                                   open_ms * 1'000, greatest_ms_ - trade.time_ms);
      } else if (in_candles_.insert(id).second) {
        for (const auto& interval : intervals) {
          const CandleKey key{category, trade.symbol,
                              trade.time_ms / interval.step_ms * interval.step_ms};
          candles_[interval.name][key].push_back(trade);
          first_trades_.try_emplace({interval.name, key}, place);
        }
      }
    }
    for (const auto& trade : frame.good) greatest_ms_ = std::max(greatest_ms_, trade.time_ms);
    expected_.course[where].push_back({offset, greatest_ms_, false});
  }

  World& world_;
  const std::int64_t grace_ms_;
  const std::map<std::string_view, const Frame*> frames_;
  std::set<const Frame*> seen_;
  std::set<std::tuple<std::string, std::string, std::string>> ids_, in_candles_;
  std::set<
      std::tuple<std::string, std::string, std::int64_t, std::int64_t, std::int64_t, std::int64_t>>
      told_klines_;
  std::map<std::string, std::map<CandleKey, std::vector<GoodTrade>>> candles_;  // by interval
  std::map<std::pair<std::string, CandleKey>, Place> first_trades_;
  std::int64_t greatest_ms_ = INT64_MIN;
  Expected expected_;
};

}  // namespace

std::string to_string(const Place& place) {
  return fmt::format("{}/{} {} [{}]", place.where.topic, place.where.partition, place.offset,
                     place.index);
}

Expected expect(World& world, std::int64_t grace_ms) {
  return Reader(world, grace_ms).read();
}

}  // namespace tradelake::faults
