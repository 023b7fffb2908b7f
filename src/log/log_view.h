// A log as it is, for whoever looks after it: nothing is made, changed or locked.
//
// Threads: any; calls block for some seconds at most. Invariant: only topics that are there come
// up. Does not: read frames.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/error.h"
#include "log/lag.h"
#include "log/log.h"

namespace tradelake::log {

class LogView {
 public:
  virtual ~LogView() = default;
  // The server's own name and size, or how sound the file is.
  virtual Result<std::string> description() = 0;
  virtual Result<std::vector<TopicInfo>> topics() = 0;
  virtual Result<LogRanges> offsets() = 0;
  // Those of `next` whose record there, or the first after it, was appended before the time.
  virtual Result<std::vector<TopicPartition>> waiting_since(std::int64_t appended_before_us,
                                                            const NextOffsets& next) = 0;
};

// Errors: not_found (no such file), io, corrupt.
Result<std::unique_ptr<LogView>> view_local_log(const std::string& path);

// `address` is kafka://host:port[,host:port]. Errors: invalid_argument, io.
Result<std::unique_ptr<LogView>> view_kafka_log(const std::string& address);

}  // namespace tradelake::log
