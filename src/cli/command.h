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

void add_candles(CLI::App& root, Run& run);
void add_candles_check(CLI::App& candles, Run& run);
void add_candles_repair(CLI::App& candles, Run& run);
void add_collect(CLI::App& root, Run& run);
void add_config(CLI::App& root, Run& run);
void add_doctor(CLI::App& root, Run& run);
void add_maintain(CLI::App& root, Run& run);
void add_repair(CLI::App& root, Run& run);
void add_replay(CLI::App& root, Run& run);
void add_run(CLI::App& root, Run& run);
void add_serve(CLI::App& root, Run& run);
void add_simulate(CLI::App& root, Run& run);
void add_sink(CLI::App& root, Run& run);
void add_table(CLI::App& root, Run& run);
void add_topics(CLI::App& root, Run& run);

// The options that name settings; load() gives their values over environment, file and defaults.
class SettingFlags {
 public:
  // --config FILE and one option per key named, "data_dir" as --data-dir; `defaults` are the
  // command's own.
  static std::shared_ptr<SettingFlags> add(CLI::App& command,
                                           std::initializer_list<const char*> keys,
                                           std::map<std::string, std::string> defaults = {});
  Result<Settings> load() const;
  // What the command itself decides, over everything else.
  void set(const std::string& key, std::string value) { given_[key] = std::move(value); }

 private:
  std::string file_;
  std::map<std::string, std::string> given_;
  std::map<std::string, std::string> defaults_;
};

// Of a stage that there may be several of on one machine: it says which port it got.
inline const std::map<std::string, std::string> any_port{{"listen", "127.0.0.1:0"}};

// Prints the error to standard error and tells the exit status that belongs to its code.
int report(const Error& error);

// Of a command that can find that not all is well: `failed`, then. Errors as above.
inline int exit_status(const Result<bool>& all_is_well) {
  if (!all_is_well) return report(all_is_well.error());
  return *all_is_well ? Exit::done : Exit::failed;
}

}  // namespace tradelake::cli
