#include "log/collector.h"

#include <chrono>

#include <spdlog/spdlog.h>

#include "core/time.h"
#include "log/coverage_records.h"
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
      auto& dropped = queue_.dropped.try_emplace(frame.conn, frame.recv_ns).first->second;
      dropped.last_ns = frame.recv_ns;
      return false;
    }
    status_.queued_bytes += frame.text.size();
    queue_.frames.push_back(std::move(frame));
  }
  arrived_.notify_one();
  return true;
}

void Collector::note(const feed::ConnectionEvent& event) {
  {
    const std::lock_guard lock(mutex_);
    queue_.events.push_back(event);
  }
  arrived_.notify_one();
}

// Whatever the log was away for: it is said what is lost with us.
template <class Step>
auto Collector::patiently(const std::stop_token& stop, Step step) -> decltype(step()) {
  auto done = when_possible(stop, patience_at_end, step);
  if (done || done.error().code != Errc::unavailable) return done;
  const std::lock_guard lock(mutex_);
  if (status_.queued_bytes == 0) return done;
  return in_context(
      std::move(done).error(),
      fmt::format("{} bytes of frames are not known to be in the log", status_.queued_bytes));
}

Result<> Collector::run(std::stop_token stop) {
  auto topics = frame_topics();
  topics.emplace_back(coverage_topic);
  TL_TRY(patiently(stop, [&] { return log_.ensure_topics(topics); }));
  TL_ASSIGN(auto before, patiently(stop, [&] { return read_covered_until(log_); }));
  coverage_ = Coverage(std::move(before));
  TL_ASSIGN(const auto writer, log_.writer());
  while (true) {
    Taken taken;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, stop, [&] { return !queue_.empty(); });
      if (queue_.empty() && stop.stop_requested()) return {};
      std::swap(taken, queue_);
    }
    TL_TRY(append_all(*writer, taken, stop));
    TL_TRY(append_coverage(*writer, taken, stop));
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, stop, linger, [] { return false; });
  }
}

Result<> Collector::append_all(Writer& writer, const Taken& taken, const std::stop_token& stop) {
  if (taken.frames.empty()) return {};
  std::vector<NewRecord> batch;
  std::size_t bytes = 0;
  for (const auto& frame : taken.frames) {
    records_.add(frame.text, to_string(frame.category), frame.conn, frame.recv_ns, Origin::ws, -1,
                 batch);
    bytes += frame.text.size();
  }
  if (!batch.empty()) TL_TRY(append(writer, batch, stop));
  records_.clear();
  const std::lock_guard lock(mutex_);
  status_.queued_bytes -= bytes;
  status_.bytes += static_cast<std::int64_t>(bytes);
  status_.frames = records_.counts();
  return {};
}

Result<> Collector::append_coverage(Writer& writer, const Taken& taken,
                                    const std::stop_token& stop) {
  for (const auto& event : taken.events) coverage_.take(event);
  for (const auto& [conn, dropped] : taken.dropped) coverage_.take_dropped(conn, dropped);
  const auto gaps = coverage_.gaps();
  const auto batch = gap_records(gaps);
  if (!gaps.empty()) {
    const auto& [first, last] = std::pair(gaps.front(), gaps.back());
    spdlog::warn("event=gap markets={} cause={} seconds={:.1f}", gaps.size(), last.gap.cause,
                 static_cast<double>(first.gap.to_us - first.gap.from_us) / us_per_second);
    TL_TRY(append(writer, batch.records, stop));
  }
  const auto covered = coverage_.covered();
  if (!covered.empty()) TL_TRY(append(writer, covered_records(covered).records, stop));
  const std::lock_guard lock(mutex_);
  status_.gaps += static_cast<std::int64_t>(gaps.size());
  return {};
}

Result<> Collector::append(Writer& writer, const std::vector<NewRecord>& batch,
                           const std::stop_token& stop) {
  return patiently(stop, [&] { return writer.append(batch, ""); });
}

CollectorStatus Collector::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

}  // namespace tradelake::log
