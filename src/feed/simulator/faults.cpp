#include "feed/simulator/faults.h"

#include <algorithm>

#include "feed/simulator/malformed.h"

namespace tradelake::feed {
namespace {

constexpr std::size_t remembered_frames = 512;
constexpr std::size_t trades_of_large_frame = 7'000;  // about 1.2 MiB
constexpr double longest_lateness_ms = 30 * 60'000.0;

}  // namespace

FrameFaults::FrameFaults(const Listing& listing, Generator& generator, const FaultPlan& plan,
                         std::uint64_t seed)
    : listing_(listing), generator_(generator), random_(mix_bits(seed ^ 0xfa17)) {
  for (std::size_t i = 0; i < fault_names.size(); ++i) {
    clocks_.emplace_back(plan[static_cast<Fault>(i)]);
  }
  any_ = plan.any();
  remembers_ = plan[Fault::repeat].on();
}

FrameShape FrameFaults::draw_shape(std::int64_t now_us) {
  FrameShape shape;
  shape.unknown_fields = fires(Fault::unknown, now_us);
  shape.omit_optional = fires(Fault::missing, now_us);
  shape.shuffle_keys = fires(Fault::keys, now_us);
  shape.bare_numbers = fires(Fault::numbers, now_us);
  shape.duplicate_keys = fires(Fault::duplicate_key, now_us);
  shape.seed = shape.plain() ? 0 : random_.next();
  return shape;
}

GeneratedFrame FrameFaults::extra_frame(const GeneratedFrame& like, std::int64_t time_ms,
                                        std::size_t trades) {
  GeneratedFrame extra;
  extra.stream = like.stream;
  extra.due_us = like.due_us;
  extra.sent_ms = like.sent_ms;
  extra.trades.reserve(trades);
  for (std::size_t i = 0; i < trades; ++i) {
    extra.trades.push_back(generator_.extra_trade(like.stream, time_ms));
  }
  return extra;
}

OutFrame FrameFaults::write(const GeneratedFrame& frame, const FrameShape& shape) {
  OutFrame out;
  out.category = listing_.streams[frame.stream].category;
  out.stream = frame.stream;
  out.due_us = frame.due_us;
  out.text.reserve(120 + frame.trades.size() * 190);
  write_trade_frame(out.text, listing_, frame, shape);
  return out;
}

void FrameFaults::repeat(GeneratedFrame& frame, std::vector<OutFrame>& out) {
  const auto& old = recent_[random_.below(static_cast<std::uint32_t>(recent_.size()))];
  switch (random_.below(3)) {
    case 0:  // some of its own trades, in the same frame
      for (std::size_t i = 0, n = frame.trades.size(); i < n; i += 2) {
        if (frame.trades.size() < most_trades_per_frame) frame.trades.push_back(frame.trades[i]);
      }
      break;
    case 1:  // an old frame, word for word or told in another way
      out.push_back(write(old, draw_shape(frame.due_us)));
      out.back().due_us = frame.due_us;
      break;
    default: {  // this frame twice, the second time with its trades in the other order
      GeneratedFrame again = frame;
      std::ranges::reverse(again.trades);
      out.push_back(write(again, draw_shape(frame.due_us)));
    }
  }
}

void FrameFaults::add_malformed(const GeneratedFrame& like, std::vector<OutFrame>& out) {
  auto extra = extra_frame(like, like.sent_ms - 1, 1 + random_.below(3));
  if (random_.below(3) == 0) {
    auto frame = write(extra, {});
    frame.text = break_frame(std::move(frame.text), frame.category, listing_.streams[like.stream],
                             listing_, random_);
    out.push_back(std::move(frame));
    return;
  }
  const auto bad = random_.below(static_cast<std::uint32_t>(extra.trades.size()));
  const auto wrong = bad_field(bad, random_);
  FrameShape shape = draw_shape(like.due_us);
  // The wrong value has to be what is read: not left out as optional.
  shape.omit_optional = false;
  shape.override = &wrong;
  auto frame = write(extra, shape);
  // Spot and options have no L: there nothing is wrong with the trade.
  const bool harmless = wrong.field == TradeField::L && (frame.category == bybit::Category::spot ||
                                                         frame.category == bybit::Category::option);
  if (!harmless) extra.trades.erase(extra.trades.begin() + bad);
  frame.fresh = std::move(extra.trades);
  out.push_back(std::move(frame));
}

void FrameFaults::add_extreme(const GeneratedFrame& like, std::vector<OutFrame>& out) {
  auto extra = extra_frame(like, like.sent_ms - 1, 1);
  const auto value = extreme_field(0, random_);
  FrameShape shape;
  shape.override = &value;
  out.push_back(write(extra, shape));
}

void FrameFaults::add_extras(const GeneratedFrame& frame, std::vector<OutFrame>& out) {
  if (fires(Fault::late, frame.due_us)) {
    const auto late_ms =
        static_cast<std::int64_t>(std::exp(random_.unit() * std::log(longest_lateness_ms)));
    auto extra = extra_frame(frame, frame.sent_ms - 1 - late_ms, 1 + random_.below(3));
    out.push_back(write(extra, draw_shape(frame.due_us)));
    out.back().fresh = std::move(extra.trades);
  }
  if (fires(Fault::future, frame.due_us)) {
    const auto ahead_ms = 65'000 + static_cast<std::int64_t>(random_.below(3'600'000));
    out.push_back(write(extra_frame(frame, frame.sent_ms + ahead_ms, 1), {}));
  }
  if (fires(Fault::malformed, frame.due_us)) add_malformed(frame, out);
  if (fires(Fault::extreme, frame.due_us)) add_extreme(frame, out);
  if (fires(Fault::large, frame.due_us)) {
    out.push_back(write(extra_frame(frame, frame.sent_ms - 1, trades_of_large_frame), {}));
  }
  if (fires(Fault::utf8, frame.due_us)) {
    auto bad = write(extra_frame(frame, frame.sent_ms - 1, 1), {});
    bad.text = break_utf8(std::move(bad.text), random_);
    out.push_back(std::move(bad));
  }
}

void FrameFaults::release_held(std::vector<OutFrame>& out) {
  for (auto& [left, frame] : held_) {
    if (--left > 0) continue;
    frame.due_us = std::max(frame.due_us, out.empty() ? 0 : out.back().due_us);
    out.push_back(std::move(frame));
  }
  std::erase_if(held_, [](const auto& held) { return held.first <= 0; });
}

void FrameFaults::mix(GeneratedFrame& frame, std::vector<OutFrame>& out) {
  if (!any_) {
    out.push_back(write(frame, {}));
    out.back().fresh = std::move(frame.trades);
    return;
  }
  std::vector<GeneratedTrade> fresh = frame.trades;
  if (remembers_) {
    if (recent_.size() < remembered_frames) {
      recent_.push_back(frame);
    } else {
      recent_[recent_next_++ % remembered_frames] = frame;
    }
  }
  std::vector<OutFrame> after;
  if (fires(Fault::repeat, frame.due_us)) repeat(frame, after);
  OutFrame good = write(frame, draw_shape(frame.due_us));
  good.fresh = std::move(fresh);
  const bool hold = fires(Fault::reorder, frame.due_us);
  if (hold) {
    held_.emplace_back(2 + static_cast<int>(random_.below(50)), std::move(good));
  } else {
    out.push_back(std::move(good));
  }
  std::ranges::move(after, std::back_inserter(out));
  add_extras(frame, out);
  release_held(out);
}

void FrameFaults::flush(std::vector<OutFrame>& out) {
  for (auto& held : held_) out.push_back(std::move(held.second));
  held_.clear();
}

}  // namespace tradelake::feed
