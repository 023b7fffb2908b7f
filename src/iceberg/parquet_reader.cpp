#include <algorithm>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "iceberg/arrow_error.h"
#include "iceberg/arrow_projection.h"
#include "iceberg/arrow_schema.h"
#include "iceberg/filter_pruning.h"
#include "iceberg/filter_rows.h"
#include "iceberg/parquet_columns.h"
#include "iceberg/parquet_statistics.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {

namespace {

using parquet::arrow::FileReader;

Result<std::unique_ptr<FileReader>> open(FileIo& io, const DataFile& data_file) {
  TL_ASSIGN(auto file, io.open_sized(data_file.path, data_file.size_bytes));
  parquet::ArrowReaderProperties properties;
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  parquet::arrow::FileReaderBuilder builder;
  auto reader_properties = parquet::default_reader_properties();
  reader_properties.set_page_checksum_verification(true);
  TL_TRY(checked(builder.Open(std::move(file), reader_properties), "opening"));
  builder.memory_pool(arrow::default_memory_pool())->properties(properties);
  return checked(builder.Build(), "opening");
}

// The value that the file's partition gives a column by an identity transform.
std::optional<Value> partition_constant(const TableMetadata& metadata, const DataFile& file,
                                        FieldId id) {
  const PartitionSpec* spec = metadata.find_spec(file.spec_id);
  if (spec == nullptr || spec->fields.size() != file.partition.size()) return {};
  for (std::size_t i = 0; i < spec->fields.size(); ++i) {
    const PartitionField& field = spec->fields[i];
    if (field.source_id == id && field.transform.kind == Transform::Kind::identity)
      return file.partition[i];
  }
  return {};
}

Result<std::vector<const NestedField*>> select_fields(const Schema& schema,
                                                      const std::vector<std::string>& columns) {
  std::vector<const NestedField*> fields;
  for (const NestedField& field : schema.fields) {
    if (columns.empty()) fields.push_back(&field);
  }
  for (const std::string& name : columns) {
    const NestedField* field = schema.find(std::string_view(name));
    if (field == nullptr) {
      return make_error(Errc::invalid_argument, "column '{}' is not among the table's columns",
                        name);
    }
    if (std::ranges::find(fields, field) != fields.end()) {
      return make_error(Errc::invalid_argument, "column '{}' is asked for twice", name);
    }
    fields.push_back(field);
  }
  return fields;
}

// One file being read: its columns by id, and what stands for those it does not have.
class Reading {
 public:
  Reading(const TableMetadata& metadata, const DataFile& file, FileReader& reader,
          const std::vector<MappedField>& mapping)
      : metadata_(metadata),
        file_(file),
        reader_(reader),
        columns_(file_columns(reader.manifest(), mapping)) {}

  std::vector<int> matching_row_groups(const BoundFilter& filter) const {
    std::vector<int> groups;
    for (int group = 0; group < reader_.num_row_groups(); ++group) {
      const auto metadata = reader_.parquet_reader()->metadata()->RowGroup(group);
      if (std::ranges::all_of(
              filter, [&](const auto& p) { return may_match(p, range(*p.field, *metadata)); })) {
        groups.push_back(group);
      }
    }
    return groups;
  }

  Result<std::shared_ptr<arrow::Table>> rows(const std::vector<const NestedField*>& fields,
                                             const std::vector<int>& groups) {
    std::vector<int> leaves;
    for (const NestedField* field : fields) {
      if (const auto* column = find_column(columns_, field->id)) {
        leaves.insert(leaves.end(), column->leaves.begin(), column->leaves.end());
      }
    }
    std::ranges::sort(leaves);
    leaves.erase(std::ranges::unique(leaves).begin(), leaves.end());
    TL_ASSIGN(const auto found, checked(reader_.ReadRowGroups(groups, leaves), "reading rows"));
    TL_ASSIGN(const auto roots,
              checked(reader_.manifest().GetFieldIndices(leaves), "reading rows"));
    std::int64_t count = 0;
    for (const int group : groups)
      count += reader_.parquet_reader()->metadata()->RowGroup(group)->num_rows();
    arrow::FieldVector arrow_fields;
    arrow::ChunkedArrayVector data;
    for (const NestedField* field : fields) {
      TL_ASSIGN(auto column, column_data(*field, *found, roots, count));
      arrow_fields.push_back(to_arrow_field(*field));
      data.push_back(std::move(column));
    }
    return arrow::Table::Make(arrow::schema(std::move(arrow_fields)), std::move(data), count);
  }

 private:
  Result<std::shared_ptr<arrow::ChunkedArray>> column_data(const NestedField& field,
                                                           const arrow::Table& found,
                                                           const std::vector<int>& roots,
                                                           std::int64_t count) const {
    const FileColumn* column = find_column(columns_, field.id);
    if (column == nullptr) {
      TL_ASSIGN(auto constant,
                constant_column(field, partition_constant(metadata_, file_, field.id), count));
      return std::make_shared<arrow::ChunkedArray>(std::move(constant));
    }
    const auto root = static_cast<int>(column - columns_.data());
    const auto position = std::ranges::find(roots, root) - roots.begin();
    return project_column(field, *column, *found.column(static_cast<int>(position)));
  }

  ValueRange range(const NestedField& field, const parquet::RowGroupMetaData& group) const {
    const FileColumn* column = find_column(columns_, field.id);
    if (column == nullptr) {
      const auto constant = partition_constant(metadata_, file_, field.id);
      if (!constant) return {.may_have_value = false};
      return {.lower = constant, .upper = constant, .may_have_null = false};
    }
    // Row counts and leaf counts are the same only for flat columns; uuids were once ordered as
    // signed.
    if (!field.type->primitive() || field.type->kind == TypeKind::uuid ||
        column->leaves.size() != 1)
      return {};
    const int leaf = column->leaves.front();
    auto statistics =
        read_statistics(*field.type, *group.schema()->Column(leaf), *group.ColumnChunk(leaf));
    ValueRange range{.lower = std::move(statistics.lower), .upper = std::move(statistics.upper)};
    if (statistics.null_count) {
      range.may_have_null = *statistics.null_count != 0;
      range.may_have_value = *statistics.null_count != group.num_rows();
    }
    return range;
  }

  const TableMetadata& metadata_;
  const DataFile& file_;
  FileReader& reader_;
  std::vector<FileColumn> columns_;
};

Result<std::vector<MappedField>> name_mapping(const TableMetadata& metadata) {
  const auto it = metadata.properties.find("schema.name-mapping.default");
  if (it == metadata.properties.end()) return std::vector<MappedField>{};
  return parse_name_mapping(it->second);
}

Result<std::shared_ptr<arrow::Table>> read(const TableMetadata& metadata, FileIo& io,
                                           const DataFile& file,
                                           const std::vector<std::string>& columns,
                                           const Filter& filter) {
  TL_ASSIGN(const auto bound, bind(metadata.schema(), filter));
  TL_ASSIGN(const auto wanted, select_fields(metadata.schema(), columns));
  TL_ASSIGN(const auto mapping, name_mapping(metadata));
  auto fields = wanted;
  for (const BoundPredicate& predicate : bound) {
    if (std::ranges::find(fields, predicate.field) == fields.end())
      fields.push_back(predicate.field);
  }
  TL_ASSIGN(const auto reader, open(io, file));
  Reading reading(metadata, file, *reader, mapping);
  TL_ASSIGN(auto rows, reading.rows(fields, reading.matching_row_groups(bound)));
  TL_ASSIGN(rows, filter_rows(bound, std::move(rows)));
  std::vector<int> positions(wanted.size());
  std::ranges::generate(positions, [next = 0]() mutable { return next++; });
  return checked(rows->SelectColumns(positions), "selecting columns");
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> read_data_file(const TableMetadata& metadata, FileIo& io,
                                                     const DataFile& file,
                                                     const std::vector<std::string>& columns,
                                                     const Filter& filter) {
  if (file.format != "PARQUET" && file.format != "parquet") {
    return make_error(Errc::unsupported, "data file {} is {}; only PARQUET can be read", file.path,
                      file.format);
  }
  try {
    auto rows = read(metadata, io, file, columns, filter);
    if (!rows)
      return in_context(std::move(rows).error(), fmt::format("reading data file {}", file.path));
    return rows;
  } catch (const std::exception& e) {  // Parquet's, and what damaged lengths lead to
    return make_error(Errc::corrupt, "reading data file {}: {}", file.path, e.what());
  }
}

}  // namespace tradelake::iceberg
