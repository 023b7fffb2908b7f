// Live frames into the log: a bounded queue that sources fill without ever waiting, and one thread
// that routes and appends. What was not received becomes gap records behind them.
//
// Threads: push() and note() from sources' threads; run() in its own. Invariants: a frame that was
// taken is in the log before run() succeeds; a full queue refuses and counts, it does not block the
// socket. While the log is away frames wait in the queue. A connection is told to be whole up to
// some time only after the frames and gaps before it are durable. Does not: fill gaps.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>
#include <vector>

#include "core/error.h"
#include "feed/frame.h"
#include "log/coverage.h"
#include "log/frame_records.h"
#include "log/log.h"

namespace tradelake::log {

struct CollectorStatus {
  FrameCounts frames;
  std::int64_t bytes = 0;
  std::int64_t dropped = 0;  // the queue was full
  std::int64_t gaps = 0;     // of single markets
  std::size_t queued_bytes = 0;
};

class Collector : public feed::FrameSink {
 public:
  Collector(Log& log, std::size_t max_queued_bytes)
      : log_(log), max_queued_bytes_(max_queued_bytes) {}

  bool push(feed::Frame&& frame) override;
  // What became of a connection; after the frames that came on it before.
  void note(const feed::ConnectionEvent& event);

  // Until asked to stop, and then until the queue is empty. Errors: io, corrupt; unavailable when
  // the log is away at the end, with how much is not known to be in it.
  Result<> run(std::stop_token stop);
  CollectorStatus status() const;

 private:
  // What was taken out of the queue at once.
  struct Taken {
    std::vector<feed::Frame> frames;
    std::vector<feed::ConnectionEvent> events;
    std::map<std::string, Dropped, std::less<>> dropped;  // by connection
    bool empty() const { return frames.empty() && events.empty(); }
  };

  template <class Step>
  auto patiently(const std::stop_token& stop, Step step) -> decltype(step());
  Result<> append_all(Writer& writer, const Taken& taken, const std::stop_token& stop);
  Result<> append_coverage(Writer& writer, const Taken& taken, const std::stop_token& stop);
  Result<> append(Writer& writer, const std::vector<NewRecord>& batch, const std::stop_token& stop);

  Log& log_;
  std::size_t max_queued_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable_any arrived_;
  Taken queue_;
  CollectorStatus status_;

  FrameRecords records_;  // of run(), as the next
  Coverage coverage_;
};

}  // namespace tradelake::log
