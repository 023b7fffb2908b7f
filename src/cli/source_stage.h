// A stage that only fills the log, as a process of its own: `collect`, `replay`.
//
// Threads: the source's, the HTTP server's, and the main one, which waits.
#pragma once

#include "core/error.h"
#include "core/settings.h"

namespace tradelake::cli {

// Returns the exit status. With `exit_when_done`, ends when the source has ended.
int run_source_stage(const Settings& settings, const char* name, bool exit_when_done);

}  // namespace tradelake::cli
