#include "ops/file_encoding.h"

#include "bronze/table_files.h"

namespace tradelake::ops {
namespace {

using iceberg::TypeKind;

bool counts(const iceberg::NestedField* field) {
  if (field == nullptr) return false;
  const auto kind = field->type->kind;
  return kind == TypeKind::int32 || kind == TypeKind::int64 || kind == TypeKind::timestamp;
}

}  // namespace

iceberg::ParquetOptions file_encoding(const iceberg::TableIdent& table,
                                      const iceberg::Schema& schema, int zstd_level) {
  iceberg::ParquetOptions options;
  if (table.name == "trades" || table.name == "late_trades") {
    options = bronze::trade_file_options(zstd_level);
  } else {
    options.delta_columns = {"open_time", "first_trade_time", "last_trade_time",
                             "trades",    "received_at",      "_offset"};
  }
  options.zstd_level = zstd_level;
  std::erase_if(options.delta_columns,
                [&](const auto& name) { return !counts(schema.find(name)); });
  for (auto* names : {&options.plain_columns, &options.random_columns})
    std::erase_if(*names, [&](const auto& name) { return schema.find(name) == nullptr; });
  return options;
}

}  // namespace tradelake::ops
