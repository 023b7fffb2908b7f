// Dead letters on their way into their table.
//
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bronze/reason.h"

namespace arrow {
class Table;
}

namespace tradelake::bronze {

struct DeadLetter {
  std::uint16_t topic = 0;  // number in the owner's list
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::optional<std::int32_t> index;  // nothing: the whole frame is bad
  std::int64_t received_us = 0;
  std::string category;
  std::optional<std::string> symbol;
  Reason reason{};
  std::string detail;
  std::string payload;
};

// Columns as in dead_letters_table().
std::shared_ptr<arrow::Table> to_arrow(const std::vector<DeadLetter>& letters,
                                       const std::vector<std::string>& topics,
                                       const std::vector<std::uint32_t>& rows);

}  // namespace tradelake::bronze
