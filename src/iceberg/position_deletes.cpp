#include "iceberg/position_deletes.h"

#include <string>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/table.h>

#include "iceberg/filter_rows.h"
#include "iceberg/parquet_file_reader.h"

namespace tradelake::iceberg {

namespace {

const Schema& delete_schema() {
  static const Schema schema{SchemaId{0},
                             {{delete_path_id, "file_path", primitive(TypeKind::string), true, ""},
                              {delete_position_id, "pos", primitive(TypeKind::int64), true, ""}},
                             {}};
  return schema;
}

// The names are the specification's, for files that were written without ids.
const std::vector<MappedField>& delete_mapping() {
  static const std::vector<MappedField> mapping{{delete_path_id, {"file_path"}, {}},
                                                {delete_position_id, {"pos"}, {}}};
  return mapping;
}

}  // namespace

Result<std::vector<std::int64_t>> read_position_deletes(const TableMetadata& metadata, FileIo& io,
                                                        const DataFile& deletes,
                                                        std::string_view data_path,
                                                        std::int64_t data_rows) {
  return reading("delete", deletes, [&]() -> Result<std::vector<std::int64_t>> {
    const Schema& schema = delete_schema();
    const Filter filter{{"file_path", Comparison::equal, {std::string(data_path)}}};
    TL_ASSIGN(const auto of_path, bind(schema, filter));
    TL_ASSIGN(auto reader, ParquetFileReader::open(metadata, io, deletes, delete_mapping()));
    for (const NestedField& field : schema.fields) {  // no row group would match without it
      if (reader.has(field.id)) continue;
      return make_error(Errc::corrupt, "there is no column {} (id {})", field.name, field.id.value);
    }
    TL_ASSIGN(auto rows, reader.rows({&schema.fields[0], &schema.fields[1]},
                                     reader.matching_row_groups(of_path)));
    if (rows->column(0)->null_count() > 0 || rows->column(1)->null_count() > 0)
      return make_error(Errc::corrupt, "a row has no file_path or no pos");
    TL_ASSIGN(rows, filter_rows(of_path, std::move(rows)));
    std::vector<std::int64_t> positions;
    positions.reserve(static_cast<std::size_t>(rows->num_rows()));
    for (const auto& chunk : rows->column(1)->chunks()) {
      const auto& numbers = static_cast<const arrow::Int64Array&>(*chunk);
      for (std::int64_t i = 0; i < numbers.length(); ++i) {
        const std::int64_t position = numbers.Value(i);
        if (position < 0 || position >= data_rows) {
          return make_error(Errc::corrupt, "pos is {}, but {} has {} rows", position, data_path,
                            data_rows);
        }
        positions.push_back(position);
      }
    }
    return positions;
  });
}

}  // namespace tradelake::iceberg
