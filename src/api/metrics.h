// /metrics: what the parts of this process know, read at the moment of the scrape.
//
// Threads: any. Does not: keep numbers between two scrapes.
#pragma once

#include <optional>
#include <string>

#include "api/http.h"
#include "api/server.h"
#include "log/lag.h"
#include "ops/maintainer.h"

namespace tradelake::api {

// A process has some of them: a stage one, `run` all.
struct MetricSources {
  const bronze::Sink* sink = nullptr;
  const silver::Candles* candles = nullptr;
  std::optional<SourceStatus> source = {};
  log::LogRanges log = {};  // empty: it does not answer
  const ops::Maintainer* maintainer = nullptr;
};

// The Prometheus text format.
std::string metrics(const MetricSources& sources);
Response metrics_response(const MetricSources& sources);
// /readyz.
Response readiness(bool ready);

}  // namespace tradelake::api
