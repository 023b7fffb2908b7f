// Writing to a log that may be away: again and again, until it is there or we are asked to stop.
//
// Threads: any. Does not: back off; a writer waits about a second by itself.
#pragma once

#include <chrono>
#include <stop_token>
#include <thread>

#include "core/error.h"

namespace tradelake::log {

// `step` until it ends otherwise than unavailable. Once a stop is requested it has only until
// `after_stop` more; then its error is unavailable.
template <class Step>
auto when_possible(const std::stop_token& stop, std::chrono::milliseconds after_stop, Step step)
    -> decltype(step()) {
  constexpr std::chrono::milliseconds pause{20};
  std::chrono::steady_clock::time_point give_up{};
  while (true) {
    auto done = step();
    if (done || done.error().code != Errc::unavailable) return done;
    const auto now = std::chrono::steady_clock::now();
    if (stop.stop_requested()) {
      if (give_up == decltype(give_up){}) give_up = now + after_stop;
      if (now >= give_up) return done;
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace tradelake::log
