// The program: one sub-command per file of this folder.
#include <csignal>

#include <CLI/CLI.hpp>

#include "cli/command.h"

int main(int argc, char** argv) {
  using namespace tradelake::cli;
  CLI::App app("tradelake: a trading data lakehouse", "tradelake");
  app.set_version_flag("--version", TRADELAKE_VERSION);
  app.require_subcommand(1);
  Run run;
  add_run(app, run);
  add_table(app, run);
  add_simulate(app, run);
  add_config(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? Exit::done : Exit::usage;
  }
  // A client that closes its socket is not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  return run();
}
