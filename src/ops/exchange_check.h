// Where frames come from: the exchange's two hosts (name, connection, certificate, answer), or the
// file of a replay.
//
// Threads: functions; block for some seconds at most. Does not: subscribe to anything.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "feed/endpoint.h"
#include "ops/check.h"
#include "ops/clock_check.h"

namespace tradelake::ops {

struct SourceAddress {
  std::string replay_file;  // empty:
  feed::ExchangeAddress exchange;
  bool automatic = false;  // our simulator plays the exchange if it cannot be reached
};

struct SourceLook {
  std::vector<Check> checks;
  std::optional<ClockReading> clock = {};
};

SourceLook look_at_source(const SourceAddress& source);

// `end_us` is when the first of the certificates runs out.
Check judge_certificate(std::int64_t end_us, std::int64_t now_us);

}  // namespace tradelake::ops
