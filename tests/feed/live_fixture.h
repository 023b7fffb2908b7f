// What the tests of the live feed share: a sink that keeps frames, a record of what was sent, and
// time-outs short enough for a test.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "feed/bybit_source.h"
#include "feed/simulator/simulator.h"

namespace tradelake::feed {

class KeepingSink : public FrameSink {
 public:
  bool push(Frame&& frame) override {
    const std::lock_guard lock(mutex_);
    if (full_) return false;
    frames_.push_back(std::move(frame));
    return true;
  }
  void set_full(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }
  std::vector<Frame> frames() const {
    const std::lock_guard lock(mutex_);
    return frames_;
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return frames_.size();
  }
  // How often each text arrived, by category.
  std::map<std::string, int> texts() const {
    std::map<std::string, int> counts;
    for (const auto& frame : frames()) {
      ++counts[std::string(to_string(frame.category)) + " " + frame.text];
    }
    return counts;
  }

 private:
  mutable std::mutex mutex_;
  bool full_ = false;
  std::vector<Frame> frames_;
};

class SentRecord {
 public:
  void add(const SentFrame& frame) {
    const std::lock_guard lock(mutex_);
    if (frame.alive) {
      ++texts_[std::string(to_string(frame.category)) + " " + std::string(frame.text)];
    }
  }
  std::map<std::string, int> texts() const {
    const std::lock_guard lock(mutex_);
    return texts_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, int> texts_;
};

// A silence that a loaded machine can produce by itself is only for tests that look for one.
inline BybitTimes short_times(
    std::chrono::milliseconds silence = std::chrono::milliseconds(5'000)) {
  using std::chrono::milliseconds;
  BybitTimes times;
  times.ping = milliseconds(100);
  times.silence = silence;
  times.healthy = milliseconds(1'000);
  times.backoff = {milliseconds(10), 1.5, milliseconds(50), milliseconds(5)};
  times.subscription.ack_timeout = milliseconds(500);
  return times;
}

// True once the condition holds; false when the time is up (sanitizers are slow).
inline bool eventually(auto&& condition, std::chrono::seconds limit = std::chrono::seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace tradelake::feed
