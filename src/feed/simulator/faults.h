// Faults of frames: turns the generator's good frames into what a bad day of the exchange sends.
//
// Threads: one owner. Invariants: the same seed and frames give the same output; every good trade
// of the generator is in the output at least once (held frames come out with flush()); `fresh`
// names each new good trade exactly once, at its first frame. Does not: close or silence
// connections (server.cpp).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "feed/simulator/fault_plan.h"
#include "feed/simulator/generator.h"
#include "feed/simulator/trade_frame.h"

namespace tradelake::feed {

struct OutFrame {
  bybit::Category category{};
  std::uint32_t stream = 0;
  std::int64_t due_us = 0;
  std::string text;
  std::vector<GeneratedTrade> fresh;
};

class FrameFaults {
 public:
  FrameFaults(const Listing& listing, Generator& generator, const FaultPlan& plan,
              std::uint64_t seed);

  // Appends the frames to send for `frame`, at least one later if not now. Leaves `frame` moved
  // from.
  void mix(GeneratedFrame& frame, std::vector<OutFrame>& out);

  // What reordering still holds back.
  void flush(std::vector<OutFrame>& out);

 private:
  bool fires(Fault fault, std::int64_t now_us) {
    return clocks_[static_cast<std::size_t>(fault)].fires(random_, now_us);
  }
  FrameShape draw_shape(std::int64_t now_us);
  GeneratedFrame extra_frame(const GeneratedFrame& like, std::int64_t time_ms, std::size_t trades);
  OutFrame write(const GeneratedFrame& frame, const FrameShape& shape);
  void repeat(GeneratedFrame& frame, std::vector<OutFrame>& out);
  void add_malformed(const GeneratedFrame& like, std::vector<OutFrame>& out);
  void add_extreme(const GeneratedFrame& like, std::vector<OutFrame>& out);
  void add_extras(const GeneratedFrame& like, std::vector<OutFrame>& out);
  void release_held(std::vector<OutFrame>& out);

  const Listing& listing_;
  Generator& generator_;
  Random random_;
  std::vector<TriggerClock> clocks_;
  bool any_ = false;
  bool remembers_ = false;
  std::vector<GeneratedFrame> recent_;  // ring, for repeats
  std::size_t recent_next_ = 0;
  std::vector<std::pair<int, OutFrame>> held_;  // frames left to wait for
};

}  // namespace tradelake::feed
