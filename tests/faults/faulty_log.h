// A process's view of a log: its effects can be struck by a fault, and by seed its reader cuts
// chunks anywhere, comes up empty though there is more, or ends in an error.
//
// Threads: as log/log.h. Does not: keep anything; what outlives the process is in the log behind.
#pragma once

#include <functional>
#include <random>

#include "iceberg/fault_injection.h"
#include "log/log.h"

namespace tradelake::faults {

// How a reader behaves; chances in percent of the calls of poll().
struct PollOptions {
  std::uint64_t seed = 0;
  int cut = 0;    // only some of a chunk's records
  int pause = 0;  // nothing, so that a pipeline commits what it has
  int error = 0;  // unavailable, once
};

class FaultyLog final : public log::Log {
 public:
  FaultyLog(log::Log& log, iceberg::Faults& faults, PollOptions options)
      : log_(log), faults_(faults), options_(options), random_(options.seed) {}

  Result<> ensure_topics(std::span<const std::string> names) override;
  Result<std::vector<log::TopicInfo>> topics() override {
    return faults_.read([&] { return log_.topics(); });
  }
  Result<std::map<log::TopicPartition, log::OffsetRange>> offsets() override {
    return faults_.read([&] { return log_.offsets(); });
  }
  Result<std::unique_ptr<log::Writer>> writer() override;
  std::size_t replay_batch_bytes() const override { return log_.replay_batch_bytes(); }
  Result<std::unique_ptr<log::Reader>> reader() override;
  Result<> trim(std::int64_t before_us,
                const std::map<log::TopicPartition, std::int64_t>& keep_from) override {
    return log_.trim(before_us, keep_from);
  }

  // Called in poll() when everything was read, with how often in succession.
  std::function<void(int)> at_end = [](int) {};
  // Called in poll() first, with how often it was called.
  std::function<void(int)> before_poll = [](int) {};

 private:
  friend class FaultyReader;
  bool chance(int percent) { return static_cast<int>(random_() % 100) < percent; }

  log::Log& log_;
  iceberg::Faults& faults_;
  const PollOptions options_;
  std::minstd_rand random_;
  int polls_ = 0;
  int at_end_ = 0;
};

}  // namespace tradelake::faults
