#include "iceberg/table_printer.h"

#include <algorithm>

#include <arrow/api.h>
#include <fmt/format.h>

namespace tradelake::iceberg {

std::string schema_as_text(const Schema& schema) {
  std::string text;
  for (const auto& field : schema.fields) {
    text +=
        fmt::format("{:>4}  {:20} {:24} {:9} {}\n", field.id.value, field.name,
                    to_string(*field.type), field.required ? "required" : "optional", field.doc);
  }
  return text;
}

std::string rows_as_text(const arrow::Table& rows, std::int64_t limit) {
  std::string text;
  for (std::int64_t row = 0; row < std::min(limit, rows.num_rows()); ++row) {
    for (int column = 0; column < rows.num_columns(); ++column) {
      const auto value = rows.column(column)->GetScalar(row);
      text += fmt::format("{}{}", column == 0 ? "" : "\t", value.ok() ? (*value)->ToString() : "?");
    }
    text += '\n';
  }
  return text;
}

}  // namespace tradelake::iceberg
