// Arrow columns out of plain vectors, row by row in a given order: how batches become tables to
// write.
//
// Threads: functions. Each copies its rows once and allocates once or twice.
// Does not: check against an Iceberg schema; write_data_file() does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/int128.h"

namespace arrow {
class Array;
class Table;
}  // namespace arrow

namespace tradelake::iceberg {

using Column = std::shared_ptr<arrow::Array>;
using RowOrder = std::span<const std::uint32_t>;  // the rows to take, in this order

// A value equal to `null` becomes null.
Column int32_column(std::span<const std::int32_t> values, RowOrder rows,
                    std::optional<std::int32_t> null = {});
Column int64_column(std::span<const std::int64_t> values, RowOrder rows,
                    std::optional<std::int64_t> null = {});
Column timestamp_column(std::span<const std::int64_t> values_us, RowOrder rows,
                        std::optional<std::int64_t> null = {});
// Units of 10^-18 as decimal(38,18); rows where `null` is true are null.
Column decimal_column(std::span<const int128_t> units, RowOrder rows,
                      const std::vector<bool>* null = nullptr);
// 0 and 1; anything else becomes null.
Column boolean_column(std::span<const std::int8_t> values, RowOrder rows);
// values[number_of(row)], dictionary-encoded; number `null_number` becomes null.
Column text_by_number_column(std::span<const std::string> values,
                             const std::function<std::uint32_t(std::uint32_t)>& number_of,
                             RowOrder rows, std::optional<std::uint32_t> null_number = {});
// Any text or bytes per row; nothing = null.
Column text_column(const std::function<std::optional<std::string_view>(std::uint32_t)>& text_of,
                   RowOrder rows);
Column binary_column(const std::function<std::optional<std::string_view>(std::uint32_t)>& bytes_of,
                     RowOrder rows);
// map<string,string> per row; no pairs = null.
using TextPairs = std::span<const std::pair<std::string, std::string>>;
Column text_map_column(const std::function<TextPairs(std::uint32_t)>& pairs_of, RowOrder rows);

std::shared_ptr<arrow::Table> table_of(const std::vector<std::pair<std::string, Column>>& columns);

}  // namespace tradelake::iceberg
