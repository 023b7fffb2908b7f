#include "log/replayer.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "feed/capture_lines.h"
#include "log/patience.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

constexpr std::int64_t ended = INT64_MAX;  // source_n of an end marker
constexpr std::string_view conn = "replay";
// A log that is away need not be waited for at the end: another run goes on where this one was.
constexpr std::chrono::milliseconds patience_at_end{0};

// Waits until the line is due at the speed asked for.
class Pace {
 public:
  explicit Pace(double speed) : speed_(speed) {}
  bool due(std::int64_t recv_ns) {
    if (speed_ == 0) return true;
    if (!first_ns_) first_ns_ = recv_ns;
    const auto after = std::chrono::duration<double, std::nano>(
        static_cast<double>(recv_ns - *first_ns_) / speed_);
    due_ = start_ + std::chrono::duration_cast<std::chrono::steady_clock::duration>(after);
    return std::chrono::steady_clock::now() >= due_;
  }
  void wait(std::stop_token stop) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_until(lock, stop, due_, [] { return false; });
  }

 private:
  double speed_;
  std::optional<std::int64_t> first_ns_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point due_;
};

}  // namespace

Result<> Replayer::run(std::stop_token stop) {
  auto done = replay(stop);
  if (done || done.error().code != Errc::unavailable) return done;
  return stopped();
}

Result<> Replayer::replay(const std::stop_token& stop) {
  const auto patiently = [&](auto step) { return when_possible(stop, patience_at_end, step); };
  const auto topics = frame_topics();
  TL_TRY(patiently([&] { return log_.ensure_topics(topics); }));
  TL_ASSIGN(const auto source, feed::content_id(options_.path));
  TL_ASSIGN(const auto writer, log_.writer());
  TL_ASSIGN(auto progress, patiently([&] { return writer->source_progress(source); }));
  TL_ASSIGN(auto lines, feed::CaptureLines::open(options_.path));

  std::vector<NewRecord> batch;
  std::deque<std::string> memory;  // what the views of the batch point to
  std::size_t bytes = 0;
  const auto flush = [&]() -> Result<> {
    // Of what a killed replay has appended before, nothing again.
    std::erase_if(batch, [&](const NewRecord& record) {
      const auto done = progress.find({std::string(record.topic), partition_of(record.key)});
      return done != progress.end() && record.source_n <= done->second;
    });
    if (!batch.empty()) TL_TRY(patiently([&] { return writer->append(batch, source); }));
    batch.clear();
    memory.clear();
    records_.clear();
    bytes = 0;
    if (options_.wait_for_room) options_.wait_for_room(stop);
    return {};
  };

  // What an earlier run has appended is passed over without waiting for its time again.
  std::int64_t resume_after = 0;
  for (const auto& [where, n] : progress) resume_after = std::max(resume_after, n);
  Pace pace(options_.speed);
  while (!stop.stop_requested()) {
    auto line = lines.next();
    if (!line) {
      TL_TRY(flush());
      return std::unexpected(std::move(line).error());
    }
    if (!*line) {
      TL_TRY(flush());
      return append_end_markers(*writer, source, stop);
    }
    const auto& [n, recv_ns, category, text] = **line;
    while (n > resume_after && !pace.due(recv_ns) && !stop.stop_requested()) {
      TL_TRY(flush());
      pace.wait(stop);
    }
    const std::string_view kept = memory.emplace_back(text);
    const std::string_view kept_category = memory.emplace_back(category);
    records_.add(kept, kept_category, conn, recv_ns, Origin::replay, n, batch);
    lines_ = n;
    bytes += text.size();
    if (bytes >= log_.replay_batch_bytes()) TL_TRY(flush());
  }
  TL_TRY(flush());
  return stopped();
}

std::unexpected<Error> Replayer::stopped() const {
  return make_error(Errc::cancelled, "the replay of {} was stopped after line {}", options_.path,
                    lines_.load());
}

Result<> Replayer::append_end_markers(Writer& writer, const std::string& source,
                                      const std::stop_token& stop) {
  const auto patiently = [&](auto step) { return when_possible(stop, patience_at_end, step); };
  TL_ASSIGN(const auto progress, patiently([&] { return writer.source_progress(source); }));
  // A key of each partition: which one does not matter, only where it leads.
  std::vector<std::string> keys(partitions_per_topic);
  for (int i = 0; std::ranges::any_of(keys, &std::string::empty); ++i) {
    auto key = fmt::format("end-{}", i);
    keys[static_cast<std::size_t>(partition_of(key))] = std::move(key);
  }
  std::vector<NewRecord> markers;
  for (const auto& [where, n] : progress) {
    if (n == ended) continue;
    NewRecord marker;
    marker.topic = where.topic;
    marker.key = keys[static_cast<std::size_t>(where.partition)];
    marker.headers.conn = conn;
    marker.headers.origin = Origin::replay;
    marker.headers.kind = RecordKind::end_marker;
    marker.source_n = ended;
    markers.push_back(marker);
  }
  if (markers.empty()) return {};
  return patiently([&] { return writer.append(markers, source); });
}

}  // namespace tradelake::log
