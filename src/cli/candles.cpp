// `tradelake candles`: the log into the tables of silver. And `tradelake candles check` and
// `tradelake candles repair`.
#include "cli/pipeline_stage.h"
#include "cli/pipelines.h"

namespace tradelake::cli {

void add_candles(CLI::App& root, Run& run) {
  auto& command = add_pipeline_stage(
      root, run, "candles", "The log into silver: candles, late trades, revisions",
      [](const Settings& settings, const bronze::Lake& lake) -> Result<OpenedPipeline> {
        TL_ASSIGN(auto candles, open_candles(settings, lake));
        const auto* seen = candles.get();
        return OpenedPipeline{
            std::move(candles), {.candles = seen}, [seen] { return seen->status(); }};
      });
  add_candles_check(command, run);
  add_candles_repair(command, run);
}

}  // namespace tradelake::cli
