#include "log/collector.h"

#include <chrono>

#include <spdlog/spdlog.h>

#include "log/patience.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

// Gathers what comes within this time into one durable append.
constexpr std::chrono::milliseconds linger{10};
// What a log that is away gets when the program ends.
constexpr std::chrono::milliseconds patience_at_end{2'000};

}  // namespace

bool Collector::push(feed::Frame&& frame) {
  {
    const std::lock_guard lock(mutex_);
    if (status_.queued_bytes + frame.text.size() > max_queued_bytes_) {
      if (status_.dropped++ == 0)
        spdlog::error("event=queue_full limit_bytes={}", max_queued_bytes_);
      return false;
    }
    status_.queued_bytes += frame.text.size();
    queue_.push_back(std::move(frame));
  }
  arrived_.notify_one();
  return true;
}

Result<> Collector::run(std::stop_token stop) {
  const auto topics = trade_topics();
  TL_TRY(when_possible(stop, patience_at_end, [&] { return log_.ensure_topics(topics); }));
  TL_ASSIGN(const auto writer, log_.writer());
  FrameRecords records;
  std::vector<feed::Frame> frames;
  std::vector<NewRecord> batch;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, stop, [&] { return !queue_.empty(); });
      if (queue_.empty() && stop.stop_requested()) return {};
      frames.swap(queue_);
    }
    std::size_t bytes = 0;
    for (const auto& frame : frames) {
      records.add(frame.text, to_string(frame.category), frame.conn, frame.recv_ns, Origin::ws, -1,
                  batch);
      bytes += frame.text.size();
    }
    if (!batch.empty()) TL_TRY(append(*writer, batch, stop));
    batch.clear();
    frames.clear();
    records.clear();
    std::unique_lock lock(mutex_);
    status_.queued_bytes -= bytes;
    status_.bytes += static_cast<std::int64_t>(bytes);
    status_.frames = records.counts();
    arrived_.wait_for(lock, stop, linger, [] { return false; });
  }
}

Result<> Collector::append(Writer& writer, const std::vector<NewRecord>& batch,
                           const std::stop_token& stop) {
  auto done = when_possible(stop, patience_at_end, [&] { return writer.append(batch, ""); });
  if (done || done.error().code != Errc::unavailable) return done;
  const std::lock_guard lock(mutex_);
  return in_context(
      std::move(done).error(),
      fmt::format("{} bytes of frames are not known to be in the log", status_.queued_bytes));
}

CollectorStatus Collector::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace tradelake::log
