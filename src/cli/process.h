// What every long-running command shares: events on standard error, signals, the first failure of
// any thread, and the loop that waits for one of them.
//
// Threads: run_process() and watch() in the main thread, Failure from any.
// Does not: know what the process does.
#pragma once

#include <signal.h>

#include <functional>
#include <mutex>
#include <optional>

#include "core/error.h"
#include "core/settings.h"

namespace tradelake::cli {

// The first error of any thread; the process stops for it.
class Failure {
 public:
  void set(Error error);
  void keep(const Result<>& result);  // sets it if the result is an error
  std::optional<Error> get() const;

 private:
  mutable std::mutex mutex_;
  std::optional<Error> error_;
};

// Runs `work` with SIGINT and SIGTERM blocked in every thread, for watch() to take; reports its
// error. Returns the exit status.
int run_process(const Settings& settings, const std::function<Result<>(const sigset_t&)>& work);

// Until a signal, a failure, or `tick`, called every 20 ms, says that all is done.
Result<> watch(const sigset_t& signals, const Failure& failure,
               const std::function<Result<bool>()>& tick);

// "NAME listening on http://HOST:PORT", for people and for what starts us.
void say_where(const std::string& name, const Settings& settings, std::uint16_t port);

// A status line is written over the last one on a terminal each second, and is an event every 10 s
// elsewhere.
bool on_terminal();
std::int64_t status_interval_us();
void show_status(const std::string& line);

}  // namespace tradelake::cli
