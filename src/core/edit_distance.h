// How far two names are from each other, to suggest the one that was meant.
//
// Threads: functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace tradelake {

// Insertions, removals and replacements of one character that make one of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace tradelake
