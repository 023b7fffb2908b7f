// `tradelake sink`: the log into bronze.trades and bronze.dead_letters.
#include "cli/pipeline_stage.h"
#include "cli/pipelines.h"

namespace tradelake::cli {

void add_sink(CLI::App& root, Run& run) {
  add_pipeline_stage(
      root, run, "sink", "The log into bronze: trades and dead letters",
      [](const Settings& settings, const bronze::Lake& lake) -> Result<OpenedPipeline> {
        TL_ASSIGN(auto sink, open_sink(settings, lake));
        const auto* seen = sink.get();
        return OpenedPipeline{std::move(sink), {.sink = seen}, [seen] { return seen->status(); }};
      });
}

}  // namespace tradelake::cli
