// Findings for people (a line each, and a second one with what to do) and for programs (JSON).
//
// Threads: functions. Invariants: one check never takes more than its lines, whatever an error's
// text holds; the JSON is valid UTF-8.
#pragma once

#include <span>
#include <string>

#include "ops/check.h"

namespace tradelake::ops {

std::string checks_as_text(std::span<const Check> checks);

// {"ok":false,"checks":[{"name":…,"status":…,"detail":…,"action":…}, …]}
std::string checks_as_json(std::span<const Check> checks);

}  // namespace tradelake::ops
