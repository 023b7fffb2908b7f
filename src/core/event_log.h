// Events on standard error, one line each: "[time] [tradelake] [level] event=… key=value …".
//
// Threads: any may log. Invariant: logging never waits. Where standard error is not taken up (a
// full pipe, a stopped terminal) lines are dropped and, as soon as there is room again, counted in
// a line of their own. Does not: write files or rotate them; whoever starts the program does.
#pragma once

#include <string>

namespace spdlog {
class logger;
}

namespace tradelake {

// Makes it spdlog's default logger. `level` is debug, info, warn or error.
void start_event_log(const std::string& level);

// The same log for threads that may go on while the process ends, as those of a Kafka client that
// was left behind: spdlog's own functions look for it in a registry that is destroyed by then.
spdlog::logger& lasting_event_log();

// Whether the descriptor takes a line now without waiting.
bool takes_a_line(int descriptor);

}  // namespace tradelake
