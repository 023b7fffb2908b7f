// The HTTP server: REST answers from the tables and the pipelines' uncommitted rows, the web page,
// metrics and health.
//
// Threads: its own; start() and stop() from one thread. The pipelines it reads outlive it.
// Does not: change anything.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "bronze/sink.h"
#include "core/error.h"
#include "iceberg/catalog.h"
#include "iceberg/file_io.h"
#include "log/collector.h"
#include "log/lag.h"
#include "ops/maintainer.h"
#include "silver/candles.h"

namespace tradelake::api {

// What the process knows beside the pipelines, for /metrics and the page's status line.
struct SourceStatus {
  std::string name;                // "bybit", "simulator", "replay:FILE"
  std::string state;               // "live", "reconnecting", "replaying", "ended"
  log::CollectorStatus collector;  // live sources
  std::uint64_t reconnects = 0;
  std::int64_t last_frame_ns = 0;  // 0: none yet
  log::LogRanges log;              // empty: it does not answer
};

struct ServerContext {
  const bronze::Sink& sink;
  const silver::Candles& candles;
  iceberg::Catalog& catalog;
  iceberg::FileIo& io;
  std::function<SourceStatus()> source;
  const ops::Maintainer* maintainer;  // nullptr: another process's work
  std::function<bool()> ready;  // what it answers is of now: the parts behind it do their work
};

class Server {
 public:
  // Listens on host:port (port 0: any free one). Errors: invalid_argument (not an address), io (the
  // port is in use: the message names it).
  static Result<std::unique_ptr<Server>> start(const std::string& listen,
                                               const ServerContext& context);
  virtual ~Server() = default;  // stops
  virtual std::uint16_t port() const = 0;
};

}  // namespace tradelake::api
