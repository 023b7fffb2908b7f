// Secrets from outside: a variable of the environment, or the file that the variable NAME_FILE
// names. Never from a flag, an address or the configuration file.
//
// Threads: functions. Does not: keep, log or show what it reads; errors name variables and files.
#pragma once

#include <string>
#include <string_view>

#include "core/error.h"
#include "core/settings.h"

namespace tradelake {

// Empty if neither is set. The variable itself wins; of a file the trailing line end is dropped.
// Errors: invalid_argument (the file cannot be read, is empty or too long).
Result<std::string> read_secret(const Settings::Environment& environment, std::string_view name);

}  // namespace tradelake
