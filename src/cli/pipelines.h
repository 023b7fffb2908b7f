// The pipelines, opened as the settings say.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bronze/lake.h"
#include "bronze/sink.h"
#include "core/error.h"
#include "core/settings.h"
#include "iceberg/catalog.h"
#include "log/lag.h"
#include "silver/candles.h"

namespace tradelake::cli {

Result<std::unique_ptr<bronze::Sink>> open_sink(const Settings& settings, const bronze::Lake& lake,
                                                bronze::Role role = bronze::Role::member);
Result<std::unique_ptr<silver::Candles>> open_candles(const Settings& settings,
                                                      const bronze::Lake& lake,
                                                      bronze::Role role = bronze::Role::member);

// The names of both, as the catalog has them.
const std::vector<std::string>& pipeline_names();

// Next offset per partition that a pipeline's tables have, whoever committed it; none for
// partitions of which they have nothing yet. Errors: those of Catalog::progress().
Result<log::NextOffsets> committed_offsets(iceberg::Catalog& catalog, const std::string& pipeline);

// In frames, what a pipeline may lack for its answers to be of now: a second of a busy exchange.
inline constexpr std::int64_t lag_of_now = 10'000;
inline constexpr std::int64_t drain_us = 3'000'000;  // after a signal, before the last commit

}  // namespace tradelake::cli
