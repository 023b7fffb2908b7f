#include "cli/process.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "cli/command.h"
#include "core/event_log.h"
#include "core/time.h"

namespace tradelake::cli {

void Failure::set(Error error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = std::move(error);
}

void Failure::keep(const Result<>& result) {
  if (!result) set(result.error());
}

std::optional<Error> Failure::get() const {
  const std::lock_guard lock(mutex_);
  return error_;
}

int run_process(const Settings& settings, const std::function<Result<>(const sigset_t&)>& work) {
  // Standard output is for the user; events go to standard error.
  start_event_log(settings.text("log_level"));
  // Blocked before any thread starts, so that only watch() takes them.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto result = work(signals);
  return result ? static_cast<int>(Exit::done) : report(result.error());
}

Result<> watch(const sigset_t& signals, const Failure& failure,
               const std::function<Result<bool>()>& tick) {
  constexpr timespec pause{0, 20'000'000};
  while (!failure.get()) {
    if (sigtimedwait(&signals, nullptr, &pause) > 0) return {};
    TL_ASSIGN(const bool done, tick());
    if (done) return {};
  }
  return {};
}

void say_where(const std::string& name, const Settings& settings, std::uint16_t port) {
  const auto& listen = settings.text("listen");
  fmt::print("{} listening on http://{}:{}\n", name, listen.substr(0, listen.rfind(':')), port);
  std::fflush(stdout);
}

bool on_terminal() {
  return isatty(STDOUT_FILENO) == 1;
}

std::int64_t status_interval_us() {
  return on_terminal() ? us_per_second : 10 * us_per_second;
}

void show_status(const std::string& line) {
  if (!takes_a_line(STDOUT_FILENO)) return;  // signals are waited for in this thread
  fmt::print("\r\033[K{}", line);
  std::fflush(stdout);
}

}  // namespace tradelake::cli
