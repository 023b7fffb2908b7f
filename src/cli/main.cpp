// The program: one sub-command per file of this folder.
#include <malloc.h>

#include <csignal>

#include <CLI/CLI.hpp>

#include "cli/command.h"
#include "iceberg/s3_connection.h"

int main(int argc, char** argv) {
  using namespace tradelake::cli;
  CLI::App app("tradelake: a trading data lakehouse", "tradelake");
  app.set_version_flag("--version", TRADELAKE_VERSION);
  app.require_subcommand(1);
  Run run;
  add_run(app, run);
  add_collect(app, run);
  add_replay(app, run);
  add_sink(app, run);
  add_candles(app, run);
  add_serve(app, run);
  add_table(app, run);
  add_topics(app, run);
  add_maintain(app, run);
  add_repair(app, run);
  add_doctor(app, run);
  add_simulate(app, run);
  add_config(app, run);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? Exit::done : Exit::usage;
  }
#ifdef M_MXFAST
  // Records come in small pieces and are dropped with large ones, and each large one makes glibc
  // gather all the small ones that it keeps apart: a tenth of the sink's time.
  mallopt(M_MXFAST, 0);
#endif
  // A client that closes its socket is not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  const int status = run();
  tradelake::iceberg::end_s3();
  return status;
}
