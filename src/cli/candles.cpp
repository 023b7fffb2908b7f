// `tradelake candles`: the log into silver.candles_1m, late_trades and candle_revisions.
#include "cli/pipeline_stage.h"
#include "cli/pipelines.h"

namespace tradelake::cli {

void add_candles(CLI::App& root, Run& run) {
  add_pipeline_stage(
      root, run, "candles", "The log into silver: candles, late trades, revisions",
      [](const Settings& settings, const bronze::Lake& lake) -> Result<OpenedPipeline> {
        TL_ASSIGN(auto candles, open_candles(settings, lake));
        const auto* seen = candles.get();
        return OpenedPipeline{
            std::move(candles), {.candles = seen}, [seen] { return seen->status(); }};
      });
}

}  // namespace tradelake::cli
