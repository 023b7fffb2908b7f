// Actions that change a table's properties.
//
// Threads: as Action. Errors: invalid_argument (a key that the format keeps for itself).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "iceberg/action.h"

namespace tradelake::iceberg {

std::unique_ptr<Action> set_properties(std::map<std::string, std::string> properties);
// Keys that are not there are passed over.
std::unique_ptr<Action> remove_properties(std::vector<std::string> keys);

}  // namespace tradelake::iceberg
