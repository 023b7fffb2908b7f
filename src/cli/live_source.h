// Where `run` takes its frames from: Bybit, a look-alike, the built-in simulator, or a capture.
//
// Threads: start() and stop() from one thread; the rest from any.
// Invariant: after stop() every frame that was received is in the log.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "api/server.h"
#include "core/error.h"
#include "core/settings.h"
#include "log/log.h"

namespace tradelake::cli {

struct SourceHooks {
  std::function<void(Error)> failed;                   // the process has to stop
  std::function<void(std::stop_token)> wait_for_room;  // a replay must not run far ahead
};

class Source {
 public:
  virtual ~Source() = default;
  virtual void stop() = 0;
  virtual bool ended() const = 0;  // a replay has put its whole file into the log
  virtual api::SourceStatus status() const = 0;
};

// Errors: invalid_argument (a source, market or speed that is not one), io.
Result<std::unique_ptr<Source>> start_source(const Settings& settings, log::Log& log,
                                             SourceHooks hooks);

// True if `source` names live data: candles may be closed by the clock.
bool is_live(const std::string& source);

}  // namespace tradelake::cli
