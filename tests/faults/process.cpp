#include "faults/process.h"

#include "bronze/sink.h"
#include "core/time.h"
#include "faults/faulty_sql.h"
#include "log/replayer.h"
#include "silver/candles.h"

namespace tradelake::faults {

Process::Process(World& world, iceberg::Faults& faults, const ProcessOptions& options)
    : world_(world),
      faults_(faults),
      options_(options),
      log_(world.log, faults, options.polls),
      io_(world.files, faults),
      catalog_(iceberg::catalog_in(
          [this]() -> Result<std::unique_ptr<iceberg::SqlSession>> {
            return FaultySqlSession::open([this] { return world_.session(); }, faults_);
          },
          World::catalog_name)) {}

Result<> Process::replay(const std::string& capture) {
  return log::Replayer(log_, {capture, 0, {}}).run({});
}

Result<> Process::open(Stage stage) {
  pipeline_.reset();
  const bronze::Lake lake{log_, *catalog_, io_, World::warehouse, world_.spill_directory()};
  // By the clock nothing is ever due: the log's pauses and its end tell when to commit.
  const bronze::CommitLimits limits{options_.max_rows, SIZE_MAX, INT64_MAX};
  const std::int64_t grace_us = options_.grace_ms * us_per_ms;
  if (stage == Stage::sink) {
    bronze::SinkOptions sink;
    sink.limits = limits;
    sink.grace_us = grace_us;
    TL_ASSIGN(pipeline_, bronze::Sink::open(lake, sink));
  } else {
    silver::CandlesOptions candles;
    candles.limits = limits;
    candles.grace_us = grace_us;
    TL_ASSIGN(pipeline_, silver::Candles::open(lake, candles));
  }
  return {};
}

Result<> Process::run() {
  std::stop_source stop;
  if (options_.drains) stop.request_stop();
  log_.at_end = [&](int times) {
    if (times > 1) stop.request_stop();
  };
  pipeline_->commit_at_end();
  return pipeline_->run(stop.get_token(), us_per_minute);
}

}  // namespace tradelake::faults
