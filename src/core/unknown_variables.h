// Variables of the environment that look like settings and are none.
//
// A slip in a name would leave the default in force without a word, so it is an error, as an
// unknown key of the file is. Other names are somebody else's until proven otherwise: Kubernetes
// and Docker make TRADELAKE_PORT and TRADELAKE_SERVICE_HOST of a service called tradelake. Those
// are only told. Threads: functions. Invariant: values are not looked at, they may be secrets.
#pragma once

#include <string>
#include <vector>

namespace tradelake {

struct UnknownVariable {
  std::string name;     // TRADELAKE_COMIT_INTERVAL
  std::string nearest;  // TRADELAKE_COMMIT_INTERVAL
  bool is_a_slip = false;
};

// `environment` is as `environ`. The project's own tests and scripts have names that are passed
// over: unknown_variables.cpp lists them.
std::vector<UnknownVariable> unknown_variables(const char* const* environment);

}  // namespace tradelake
