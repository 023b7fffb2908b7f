// Which faults the simulated exchange shows, and how often.
//
// Threads: values. A trigger belongs to one owner. Does not: carry the faults out (faults.h for
// frames, server.cpp for connections).
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/error.h"
#include "feed/simulator/random.h"

namespace tradelake::feed {

enum class Fault : std::uint8_t {
  // of a connection
  close,    // closed with a close frame
  drop,     // closed without one
  silence,  // stays open, sends nothing any more, answers no ping
  reject,   // subscribing to some topics fails
  // of frames
  repeat,         // trade ids again: in the same frame, in a later one, after a reconnect
  reorder,        // a frame overtaken by later ones
  late,           // a new trade with an old T, up to half an hour
  future,         // a trade from more than a minute ahead
  malformed,      // not JSON, no topic, fields missing, of a wrong type or value
  utf8,           // bytes that are not UTF-8
  large,          // a frame over 1 MiB
  unknown,        // keys that this version does not know
  missing,        // without the optional keys
  keys,           // keys in any order
  duplicate_key,  // a key twice
  numbers,        // numbers where strings are usual and the other way round
  extreme,        // prices and sizes at and beyond the limits
};

inline constexpr std::array<std::string_view, 17> fault_names = {
    "close",   "drop",   "silence",       "reject",  "repeat", "reorder",
    "late",    "future", "malformed",     "utf8",    "large",  "unknown",
    "missing", "keys",   "duplicate_key", "numbers", "extreme"};

// By chance at each frame (of each connection, for faults of connections), or at random times with
// this mean between them. For `reject` the chance is the share of topics that do not exist.
struct Trigger {
  double chance = 0;
  std::chrono::milliseconds every{0};

  bool on() const { return chance > 0 || every.count() > 0; }
};

class FaultPlan {
 public:
  Trigger& operator[](Fault fault) { return triggers_[static_cast<std::size_t>(fault)]; }
  const Trigger& operator[](Fault fault) const {
    return triggers_[static_cast<std::size_t>(fault)];
  }
  bool any() const;

 private:
  std::array<Trigger, fault_names.size()> triggers_{};
};

// "all", or "close,repeat=0.01,drop=30s,silence=500ms": names with an optional chance at each frame
// or mean period. Empty text is no fault.
Result<FaultPlan> parse_faults(std::string_view text);

// A trigger and when it fires next.
class TriggerClock {
 public:
  explicit TriggerClock(Trigger trigger = {}) : trigger_(trigger) {}
  bool fires(Random& random, std::int64_t now_us);

 private:
  Trigger trigger_;
  std::int64_t next_us_ = 0;
};

}  // namespace tradelake::feed
