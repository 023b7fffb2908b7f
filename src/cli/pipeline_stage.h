// A stage that is one pipeline, as a process of its own: `sink`, `candles`.
//
// Threads: the pipeline's, the HTTP server's, and the main one, which waits.
#pragma once

#include <functional>
#include <memory>

#include "api/metrics.h"
#include "bronze/pipeline.h"
#include "cli/command.h"
#include "core/error.h"

namespace tradelake::cli {

// An opened pipeline, and what its /metrics show.
struct OpenedPipeline {
  std::unique_ptr<bronze::Pipeline> pipeline;
  api::MetricSources sources;
  std::function<bronze::CommitStatus()> status;
};
using OpenPipeline =
    std::function<Result<OpenedPipeline>(const Settings& settings, const bronze::Lake& lake)>;

// The command, for sub-commands of its own.
CLI::App& add_pipeline_stage(CLI::App& root, Run& run, const char* name, const char* about,
                             OpenPipeline open);

}  // namespace tradelake::cli
