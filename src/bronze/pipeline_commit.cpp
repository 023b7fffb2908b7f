// The part of Pipeline that commits: seal, write, and what becomes of it.
#include <algorithm>
#include <chrono>
#include <thread>

#include <spdlog/spdlog.h>

#include "bronze/pipeline.h"
#include "core/time.h"

namespace tradelake::bronze {
namespace {

using namespace std::chrono_literals;
constexpr auto shortest_pause = 100ms, longest_pause = 5'000ms;
constexpr std::chrono::seconds group_patience{15};  // longer than a member's session
constexpr std::chrono::seconds stop_patience{2};    // the same when asked to stop

}  // namespace

// Seals what is pending once the write before it has ended, and begins to write it.
Result<> Pipeline::commit(const std::stop_token& stop) {
  end_write();
  TL_TRY(heed(stop));
  TL_ASSIGN(const bool sealed, seal_when_possible(stop));
  if (!sealed) return {};
  const bool overlapped = writing_how_ == Writing::overlapped;
  writing_ = std::async(overlapped ? std::launch::async : std::launch::deferred,
                        [this, stop] { return write_when_possible(stop); });
  if (overlapped) return {};
  end_write();
  return heed(stop);
}

Result<> Pipeline::commit_now(const std::stop_token& stop) {
  TL_ASSIGN(const bool sealed, seal_when_possible(stop));
  return sealed ? write_when_possible(stop) : Result<>();
}

void Pipeline::end_write() {
  if (writing_.valid()) written_ = writing_.get();
}

bool Pipeline::write_has_ended() const {
  return writing_.valid() && writing_.wait_for(0s) == std::future_status::ready;
}

// A writer that is fenced may have lost its partitions while it stood still. Then the group says so
// within a session's time, and it goes on with what it has; otherwise somebody who is not of the
// group writes where we do.
Result<> Pipeline::heed(const std::stop_token& stop) {
  if (!written_) return {};
  const auto done = *std::exchange(written_, std::nullopt);
  if (done) reader_->tell_committed(committed_offsets());
  if (done || done.error().code != Errc::fenced || !reader_->shares()) return done;
  spdlog::warn("event=fenced pipeline={} error=\"{}\"", name_, done.error().message);
  const auto begin = std::chrono::steady_clock::now();
  while (!restart_ && std::chrono::steady_clock::now() - begin <
                          (stop.stop_requested() ? stop_patience : group_patience))
    TL_TRY(reader_->poll(poll_wait));
  return restart_ ? restart() : done;
}

Result<> Pipeline::write_when_possible(const std::stop_token& stop) {
  return when_available("commit", stop, [&]() -> Result<> {
    auto done = write();
    // Others have rewritten what this commit was to rewrite, or to look into: again, on the new
    // heads.
    const auto is_outdated = [&] {
      return !done && (done.error().code == Errc::conflict || done.error().code == Errc::not_found);
    };
    for (int again = 0; is_outdated() && again < max_looks; ++again) {
      TL_TRY(refresh_tables());
      done = write();
    }
    // Others were faster each time: no reason to give up.
    if (!done && done.error().code == Errc::conflict)
      done = make_error(Errc::unavailable, "{}", done.error().message);
    if (!done) note_delay(done.error());
    return done;
  });
}

// Sealing may have to look into a table first.
Result<bool> Pipeline::seal_when_possible(const std::stop_token& stop) {
  bool sealed = false;
  TL_TRY(when_available("commit", stop, [&]() -> Result<> {
    const auto done = seal();
    if (!done) {
      note_delay(done.error());
      return std::unexpected(done.error());
    }
    sealed = *done;
    return {};
  }));
  return sealed;
}

void Pipeline::note_delay(const Error& error) {
  if (error.code != Errc::unavailable) return;
  const std::lock_guard lock(mutex_);
  ++commit_status_.delayed_commits;
}

void Pipeline::note_waiting(bool waits) {
  const std::lock_guard lock(mutex_);
  commit_status_.waits = waits;
}

Result<> Pipeline::when_available(const char* what, const std::stop_token& stop,
                                  const std::function<Result<>()>& work) {
  for (auto pause = shortest_pause;; pause = std::min(pause * 2, longest_pause)) {
    auto done = work();
    const bool away = !done && done.error().code == Errc::unavailable;
    note_waiting(away);
    if (!away || stop.stop_requested()) return done;
    spdlog::warn("event={}_delayed pipeline={} again_in_ms={} error=\"{}\"", what, name_,
                 pause.count(), done.error().message);
    const auto until = std::chrono::steady_clock::now() + pause;
    while (!stop.stop_requested() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(20ms);
  }
}

void Pipeline::begin_batch() {
  sealed_counts_ = std::exchange(counts_, {});
  uncommitted_bytes_ = 0;
  first_uncommitted_us_ = 0;
}

void Pipeline::committed(const std::vector<iceberg::ProgressUpdate>& updates,
                         std::int64_t started_us) {
  positions_.committed(updates);
  commit_status_.committed += std::exchange(sealed_counts_, {});
  ++commit_status_.commits;
  commit_status_.last_commit_us = now_us();
  commit_status_.last_commit_took_us = commit_status_.last_commit_us - started_us;
  commit_status_.took.add(commit_status_.last_commit_took_us);
  spdlog::debug("event=committed pipeline={} commits={} took_us={}", name_, commit_status_.commits,
                commit_status_.last_commit_took_us);
}

void Pipeline::check_conservation() const {
  const auto& counts = sealed_counts_;
  if (counts.error() == 0) return;
  spdlog::error("event=conservation_error pipeline={} in={} ok={} dead={} filtered={}", name_,
                counts.in, counts.ok, counts.dead, counts.filtered);
}

}  // namespace tradelake::bronze
