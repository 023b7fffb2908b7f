// One life of a process that works on the world through the faulty twins: a replay, a sink, or
// candles, built and run as src/cli does it.
//
// Threads: one, beside those of the pipelines. A SimulatedCrash leaves it as an exception; then it
// is to be destroyed, as memory would be. Invariant: run() ends when all that its log had was read
// twice over at its end.
#pragma once

#include <memory>
#include <string>

#include "bronze/pipeline.h"
#include "faults/faulty_log.h"
#include "faults/world.h"
#include "iceberg/fault_injection.h"

namespace tradelake::faults {

enum class Stage { sink, candles };

struct ProcessOptions {
  PollOptions polls;
  std::size_t max_rows = 12;
  bool drains = false;  // it is asked to stop before it begins, and drains
  std::int64_t grace_ms = 120'000;
};

class Process {
 public:
  Process(World& world, iceberg::Faults& faults, const ProcessOptions& options);

  Result<> replay(const std::string& capture);
  // Makes what is missing and joins the others.
  Result<> open(Stage stage);
  // Commits everything that it gets from the log.
  Result<> run();

  FaultyLog& log() { return log_; }

 private:
  World& world_;
  iceberg::Faults& faults_;
  const ProcessOptions options_;
  FaultyLog log_;
  iceberg::FaultyFileIo io_;
  std::unique_ptr<iceberg::Catalog> catalog_;
  std::unique_ptr<bronze::Pipeline> pipeline_;
};

}  // namespace tradelake::faults
