#include "core/unknown_variables.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "core/edit_distance.h"
#include "core/settings.h"

namespace tradelake {
namespace {

constexpr std::string_view prefix = "TRADELAKE_";

// Of scripts/ and tests/, which pass their environment on; with '_' at the end all that begin so.
constexpr auto of_the_project =
    std::to_array<std::string_view>({"STACK", "TEST_", "FAULTS_", "KILL_", "CAPTURES", "BINARY",
                                     "BUILD", "ALL_POINTS", "PARQUET_TOOL"});

bool is_of_the_project(std::string_view rest) {
  return std::ranges::any_of(of_the_project, [&](std::string_view known) {
    return known.ends_with('_') ? rest.starts_with(known) : rest == known;
  });
}

}  // namespace

std::vector<UnknownVariable> unknown_variables(const char* const* environment) {
  constexpr std::size_t letters_per_slip = 4;
  std::vector<UnknownVariable> unknown;
  for (; *environment != nullptr; ++environment) {
    const std::string_view variable = *environment;
    const auto name = variable.substr(0, variable.find('='));
    if (!name.starts_with(prefix) || is_of_the_project(name.substr(prefix.size()))) continue;
    UnknownVariable found{std::string(name), {}};
    std::size_t least = std::string::npos;
    for (const auto& setting : all_settings()) {
      auto known = environment_name(setting.key);
      const auto distance = edit_distance(name, known);
      if (distance >= least) continue;
      least = distance;
      found.nearest = std::move(known);
    }
    if (least == 0) continue;
    const auto letters = found.nearest.size() - prefix.size();
    found.is_a_slip = least <= std::max<std::size_t>(letters / letters_per_slip, 1);
    unknown.push_back(std::move(found));
  }
  return unknown;
}

}  // namespace tradelake
