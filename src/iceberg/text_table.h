// Rows of text in columns that stand below each other.
//
// Threads: pure functions.
#pragma once

#include <string>
#include <vector>

namespace tradelake::iceberg {

// One line per row; two spaces between columns; control characters of a cell as in C. Width is
// counted in code points.
std::string aligned(const std::vector<std::vector<std::string>>& rows);

}  // namespace tradelake::iceberg
