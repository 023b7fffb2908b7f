// A capture into the log, once: a killed or repeated replay adds each frame once.
//
// Progress is stored with the records, per (content of the file, topic, partition). At the end of
// the file every partition it used gets an end marker. Threads: run() in one thread; status() from
// any. Does not: judge frames.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include "core/error.h"
#include "log/frame_records.h"
#include "log/log.h"

namespace tradelake::log {

struct ReplayOptions {
  std::string path;
  double speed = 0;  // 0: as fast as can be; 1: as recorded
  // Called between batches; blocks while the pipelines are too far behind.
  std::function<void(std::stop_token)> wait_for_room;
};

class Replayer {
 public:
  Replayer(Log& log, ReplayOptions options) : log_(log), options_(std::move(options)) {}

  // Done when the whole file is in the log. Errors: corrupt (a line that is not of a capture's
  // form, or the file breaks off: all before it is in the log, without end markers), cancelled,
  // fenced (another replay of the same file has taken over), io. A log that is away is waited for.
  Result<> run(std::stop_token stop);

  FrameCounts counts() const { return records_.counts(); }  // after run()
  std::int64_t lines() const { return lines_; }             // read so far

 private:
  Result<> replay(const std::stop_token& stop);
  Result<> append_end_markers(Writer& writer, const std::string& source,
                              const std::stop_token& stop);
  std::unexpected<Error> stopped() const;

  Log& log_;
  ReplayOptions options_;
  FrameRecords records_;
  std::atomic<std::int64_t> lines_ = 0;
};

}  // namespace tradelake::log
