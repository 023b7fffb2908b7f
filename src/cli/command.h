// How a command joins the program: one file per command, each with one add_… function.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/error.h"
#include "core/settings.h"

namespace CLI {
class App;
}

namespace tradelake::cli {

// Exit status of the whole program.
enum Exit : int { done = 0, failed = 1, usage = 2, fenced = 3 };

// Set by the sub-command that was named on the command line.
using Run = std::function<int()>;

void add_config(CLI::App& root, Run& run);
void add_run(CLI::App& root, Run& run);
void add_simulate(CLI::App& root, Run& run);
void add_table(CLI::App& root, Run& run);

// The options that name settings; load() gives their values over environment, file and defaults.
class SettingFlags {
 public:
  // --config FILE and one option per key named, "data_dir" as --data-dir.
  static std::shared_ptr<SettingFlags> add(CLI::App& command,
                                           std::initializer_list<const char*> keys);
  Result<Settings> load() const;

 private:
  std::string file_;
  std::map<std::string, std::string> given_;
};

// Prints the error to standard error and tells the exit status that belongs to its code.
int report(const Error& error);

}  // namespace tradelake::cli
