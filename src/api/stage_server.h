// The HTTP server of a single stage: /metrics, /healthz and /readyz, nothing else.
//
// Threads: its own; start and stop from one thread. What `sources` reads outlives it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "api/metrics.h"
#include "api/server.h"
#include "core/error.h"

namespace tradelake::api {

struct StageContext {
  std::function<MetricSources()> sources;
  std::function<bool()> ready;  // the stage does its work: connected, and nothing waits in vain
};

// Errors: as Server::start().
Result<std::unique_ptr<Server>> start_stage_server(const std::string& listen, StageContext context);

}  // namespace tradelake::api
