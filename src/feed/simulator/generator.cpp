#include "feed/simulator/generator.h"

#include <algorithm>
#include <cmath>

namespace tradelake::feed {
namespace {

using bybit::Category;

// Bursts take 5 % of the time at 8 times the rate; calms get what keeps the mean.
constexpr double burst_factor = 8;
constexpr double calm_factor = (1 - 0.05 * burst_factor) / 0.95;
constexpr double mean_burst_us = 0.5e6;
constexpr double mean_calm_us = 9.5e6;

constexpr double sweep_chance = 0.3;
constexpr double sweep_alpha = 1.3;
constexpr double sweep_scale = 1.5;
constexpr double longest_sweep = 900;
constexpr double huge_sweep_chance = 2e-5;  // more than one frame holds
constexpr std::uint32_t huge_sweep = 1025;
constexpr std::uint32_t huge_sweep_spread = 2048;

// Mean of what sweep_length() draws. Time goes on by this, never by the sweep that was drawn: a
// market is not silent for long because it traded much at once.
double mean_sweep() {
  double sweep = 0;  // as the sum of P(length >= k)
  for (double k = 1; k <= longest_sweep; k += 1) {
    const double least = (k - 1) / sweep_scale;
    sweep += least <= 1 ? 1 : std::pow(least, -sweep_alpha);
  }
  return (1 - sweep_chance) + (sweep_chance - huge_sweep_chance) * sweep +
         huge_sweep_chance * (huge_sweep + (huge_sweep_spread - 1) / 2.0);
}

constexpr std::uint64_t first_spot_id = 2'290'000'000'000'000'000;

}  // namespace

Generator::Generator(const Listing& listing, GeneratorOptions options)
    : listing_(listing),
      random_(mix_bits(options.seed) ^ static_cast<std::uint64_t>(options.start_ms)),
      walks_(listing.instruments.size()),
      keep_(listing.streams.size()),
      alias_(listing.streams.size()),
      sweeps_per_us_(options.trades_per_second / mean_sweep() / 1e6),
      now_us_(static_cast<double>(options.start_ms) * 1e3),
      mood_until_us_(now_us_) {
  for (std::size_t i = 0; i < walks_.size(); ++i) {
    walks_[i].price = listing.instruments[i].first_price;
  }
  // Ids go on with time, so that a simulator that is started again repeats none.
  next_spot_id_ = first_spot_id + static_cast<std::uint64_t>(options.start_ms) * 1000;
  for (auto& seq : seq_) {
    seq = static_cast<std::uint64_t>(options.start_ms) / 2 +
          (std::uint64_t{random_.below(1000)} << 20);
  }
  double total = 0;
  for (const auto& stream : listing.streams) total += stream.weight;
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < keep_.size(); ++i) {
    keep_[i] = listing.streams[i].weight * static_cast<double>(keep_.size()) / total;
    alias_[i] = i;
    (keep_[i] < 1 ? small : large).push_back(i);
  }
  while (!small.empty() && !large.empty()) {
    const auto poor = small.back();
    const auto rich = large.back();
    small.pop_back();
    alias_[poor] = rich;
    keep_[rich] -= 1 - keep_[poor];
    if (keep_[rich] < 1) {
      large.pop_back();
      small.push_back(rich);
    }
  }
  for (const auto i : small) keep_[i] = 1;  // what rounding left over
}

std::uint32_t Generator::pick_stream() {
  const auto column = random_.below(static_cast<std::uint32_t>(keep_.size()));
  return random_.unit() < keep_[column] ? column : alias_[column];
}

std::uint32_t Generator::sweep_length() {
  const double draw = random_.unit();
  if (draw < huge_sweep_chance) return huge_sweep + random_.below(huge_sweep_spread);
  if (draw > sweep_chance) return 1;
  return static_cast<std::uint32_t>(
      std::min(1 + random_.pareto(sweep_alpha) * sweep_scale, longest_sweep));
}

void Generator::advance() {
  if (now_us_ >= mood_until_us_) {
    burst_ = !burst_ && random_.chance(0.5);
    mood_until_us_ = now_us_ + random_.exponential() * (burst_ ? mean_burst_us : mean_calm_us / 2);
  }
  const double sweeps_per_us = sweeps_per_us_ * (burst_ ? burst_factor : calm_factor);
  now_us_ += random_.exponential() / sweeps_per_us;
}

void Generator::skip_to(std::int64_t now_us) {
  now_us_ = std::max(now_us_, static_cast<double>(now_us));
}

void Generator::begin_sweep() {
  stream_ = pick_stream();
  left_ = sweep_length();
  buy_ = random_.next() & 1;
  advance();
  time_ms_ = static_cast<std::int64_t>(now_us_ / 1e3);
  // One cross sequence for a whole matching shard: it rises, with gaps seen from one symbol.
  auto& seq = seq_[static_cast<std::size_t>(listing_.streams[stream_].category)];
  seq += 1 + random_.below(40);
}

std::int64_t Generator::heavy_tailed_size(const Instrument& instrument) {
  const double size = instrument.usual_size * 0.2 * (random_.pareto(1.2) - 0.9);
  return 1 + static_cast<std::int64_t>(std::min(size, 9e14));
}

std::int64_t Generator::step_price(std::uint32_t index, bool buy, bool first_of_sweep) {
  const auto& instrument = listing_.instruments[index];
  Walk& walk = walks_[index];
  std::int64_t ticks = 0;
  if (first_of_sweep) {
    // A walk that is drawn back to where it began, so that it neither dies nor overflows.
    const bool above = walk.price > instrument.first_price;
    const double range = static_cast<double>(std::abs(walk.price - instrument.first_price)) /
                         static_cast<double>(instrument.first_price);
    ticks = static_cast<std::int64_t>(random_.exponential() * 2);
    if (random_.chance(0.5 + std::min(range, 0.4)) == above) ticks = -ticks;
  } else if (random_.chance(0.4)) {
    ticks = (buy ? 1 : -1) * (1 + static_cast<std::int64_t>(random_.below(3)));
  }
  const auto price = std::max(walk.price + ticks * instrument.tick, instrument.tick);
  if (price > walk.price) {
    walk.direction = TickDirection::plus;
  } else if (price < walk.price) {
    walk.direction = TickDirection::minus;
  } else if (walk.direction == TickDirection::plus) {
    walk.direction = TickDirection::zero_plus;
  } else if (walk.direction == TickDirection::minus) {
    walk.direction = TickDirection::zero_minus;
  }
  return walk.price = price;
}

void Generator::fill(GeneratedTrade& trade, std::uint32_t index, bool buy, std::int64_t price) {
  const auto& instrument = listing_.instruments[index];
  if (instrument.category == Category::spot) {
    trade.id[0] = next_spot_id_;
    trade.id[1] = 0;
    next_spot_id_ += 1;
  } else {
    trade.id[0] = random_.next();
    trade.id[1] = random_.next();
  }
  const auto rare = random_.below(4096);
  trade.instrument = index;
  trade.price = price;
  trade.size = heavy_tailed_size(instrument);
  trade.direction = walks_[index].direction;
  trade.buy = buy;
  trade.block = rare == 0;
  trade.rpi = rare > 4000;
}

void Generator::next(GeneratedFrame& frame) {
  const bool first = left_ == 0;
  if (first) begin_sweep();
  const auto& stream = listing_.streams[stream_];
  const auto count = std::min<std::uint32_t>(left_, most_trades_per_frame);
  left_ -= count;
  frame.stream = stream_;
  frame.sent_ms = time_ms_ + 1 + (time_ms_ & 1);
  frame.due_us = std::max(static_cast<std::int64_t>(now_us_), frame.sent_ms * 1000);
  frame.trades.resize(count);
  const auto seq = seq_[static_cast<std::size_t>(stream.category)];
  const auto contracts = static_cast<std::uint32_t>(stream.instruments.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto index = stream.instruments[contracts == 1 ? 0 : random_.below(contracts)];
    auto& trade = frame.trades[i];
    fill(trade, index, buy_, step_price(index, buy_, first && i == 0));
    trade.time_ms = time_ms_;
    trade.seq = seq;
  }
}

GeneratedTrade Generator::extra_trade(std::uint32_t stream, std::int64_t time_ms) {
  const auto& instruments = listing_.streams[stream].instruments;
  const auto index = instruments[random_.below(static_cast<std::uint32_t>(instruments.size()))];
  GeneratedTrade trade;
  fill(trade, index, random_.next() & 1, walks_[index].price);
  trade.time_ms = time_ms;
  trade.seq = seq_[static_cast<std::size_t>(listing_.instruments[index].category)];
  return trade;
}

}  // namespace tradelake::feed
