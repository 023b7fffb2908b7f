#include "core/event_log.h"

#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <mutex>

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

namespace tradelake {
namespace {

// A pipe that is ready takes this much at once (PIPE_BUF); a longer line would wait for its rest.
constexpr std::size_t longest_line = 4096;

class StandardError : public spdlog::sinks::base_sink<std::mutex> {
 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    if (dropped_ > 0 && takes_a_line(STDERR_FILENO)) {
      const auto told = fmt::format("event=log_lines_dropped count={}\n", dropped_);
      if (put(told.data(), told.size())) dropped_ = 0;
    }
    if (line.size() > longest_line) {
      line.resize(longest_line);
      line[longest_line - 1] = '\n';
    }
    if (!put(line.data(), line.size())) ++dropped_;
  }
  void flush_() override {}

 private:
  static bool put(const char* bytes, std::size_t size) {
    return takes_a_line(STDERR_FILENO) &&
           ::write(STDERR_FILENO, bytes, size) == static_cast<ssize_t>(size);
  }

  std::int64_t dropped_ = 0;
};

// Never destroyed.
const std::shared_ptr<spdlog::logger>& event_log() {
  static const auto* const log = new std::shared_ptr<spdlog::logger>(
      std::make_shared<spdlog::logger>("tradelake", std::make_shared<StandardError>()));
  return *log;
}

}  // namespace

bool takes_a_line(int descriptor) {
  pollfd ready{descriptor, POLLOUT, 0};
  // A pipe that nobody holds any more is ready as well, with an error.
  return ::poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT;
}

void start_event_log(const std::string& level) {
  spdlog::set_default_logger(event_log());
  spdlog::set_level(spdlog::level::from_str(level));
}

spdlog::logger& lasting_event_log() {
  return *event_log();
}

}  // namespace tradelake
