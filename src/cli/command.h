// How a command joins the program: one file per command, each with one add_… function.
#pragma once

#include <functional>

namespace CLI {
class App;
}

namespace tradelake::cli {

// Exit status of the whole program.
enum Exit : int { done = 0, failed = 1, usage = 2, fenced = 3 };

// Set by the sub-command that was named on the command line.
using Run = std::function<int()>;

void add_simulate(CLI::App& root, Run& run);

}  // namespace tradelake::cli
