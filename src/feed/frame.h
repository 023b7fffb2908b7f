// One frame as it came from a source: the unit that travels from a socket to the log.
#pragma once

#include <cstdint>
#include <string>

#include "bybit/category.h"

namespace tradelake::feed {

struct Frame {
  std::int64_t recv_ns = 0;  // local clock at reception, UTC, nanoseconds since the epoch
  bybit::Category category{};
  std::string conn;  // which connection, e.g. "linear-0"
  std::string text;  // the bytes as received
};

// Where a source puts its frames. Threads: from the source's own thread(s).
class FrameSink {
 public:
  virtual ~FrameSink() = default;
  // Never blocks. False: the sink is full and the frame was not taken; the source counts it and
  // reports the loss, it does not wait.
  virtual bool push(Frame&& frame) = 0;
};

}  // namespace tradelake::feed
