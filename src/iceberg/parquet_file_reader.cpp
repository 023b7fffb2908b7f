#include "iceberg/parquet_file_reader.h"

#include <algorithm>
#include <numeric>

#include <arrow/array.h>
#include <arrow/chunked_array.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include "iceberg/arrow_error.h"
#include "iceberg/arrow_projection.h"
#include "iceberg/arrow_schema.h"
#include "iceberg/parquet_statistics.h"

namespace tradelake::iceberg {

namespace {

using parquet::arrow::FileReader;

Result<std::unique_ptr<FileReader>> open_reader(FileIo& io, const DataFile& data_file,
                                                std::int64_t batch_rows) {
  TL_ASSIGN(auto file, io.open_sized(data_file.path, data_file.size_bytes));
  parquet::ArrowReaderProperties properties;
  if (batch_rows > 0) {
    properties.set_batch_size(batch_rows);
    properties.set_pre_buffer(false);  // it would hold the whole file
  }
  properties.set_coerce_int96_timestamp_unit(arrow::TimeUnit::MICRO);
  parquet::arrow::FileReaderBuilder builder;
  auto reader_properties = parquet::default_reader_properties();
  reader_properties.set_page_checksum_verification(true);
  if (batch_rows > 0) {
    reader_properties.enable_buffered_stream();
    reader_properties.set_buffer_size(std::int64_t{64} << 10);
  }
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

}  // namespace

ParquetFileReader::ParquetFileReader(const TableMetadata& metadata, const DataFile& file,
                                     std::unique_ptr<FileReader> reader,
                                     const std::vector<MappedField>& mapping)
    : metadata_(&metadata),
      file_(&file),
      reader_(std::move(reader)),
      columns_(file_columns(reader_->manifest(), mapping)) {}
ParquetFileReader::ParquetFileReader(ParquetFileReader&&) noexcept = default;
ParquetFileReader::~ParquetFileReader() = default;

Result<ParquetFileReader> ParquetFileReader::open(const TableMetadata& metadata, FileIo& io,
                                                  const DataFile& file,
                                                  const std::vector<MappedField>& mapping,
                                                  std::int64_t batch_rows) {
  TL_ASSIGN(auto reader, open_reader(io, file, batch_rows));
  return ParquetFileReader(metadata, file, std::move(reader), mapping);
}

std::int64_t ParquetFileReader::row_count() const {
  return reader_->parquet_reader()->metadata()->num_rows();
}

bool ParquetFileReader::has(FieldId top_level_field) const {
  return find_column(columns_, top_level_field) != nullptr;
}

std::vector<int> ParquetFileReader::matching_row_groups(const BoundFilter& filter) const {
  std::vector<int> groups;
  for (int group = 0; group < reader_->num_row_groups(); ++group) {
    const auto metadata = reader_->parquet_reader()->metadata()->RowGroup(group);
    if (std::ranges::all_of(
            filter, [&](const auto& p) { return may_match(p, range(*p.field, *metadata)); })) {
      groups.push_back(group);
    }
  }
  return groups;
}

std::vector<ParquetFileReader::Span> ParquetFileReader::spans(
    const std::vector<int>& groups) const {
  const auto metadata = reader_->parquet_reader()->metadata();
  std::vector<Span> spans;
  std::int64_t first_row = 0;
  int next = 0;
  for (const int group : groups) {
    for (; next < group; ++next) first_row += metadata->RowGroup(next)->num_rows();
    spans.push_back({first_row, metadata->RowGroup(group)->num_rows()});
  }
  return spans;
}

std::vector<int> ParquetFileReader::leaves_of(const std::vector<const NestedField*>& fields) const {
  std::vector<int> leaves;
  for (const NestedField* field : fields) {
    if (const auto* column = find_column(columns_, field->id)) {
      leaves.insert(leaves.end(), column->leaves.begin(), column->leaves.end());
    }
  }
  std::ranges::sort(leaves);
  leaves.erase(std::ranges::unique(leaves).begin(), leaves.end());
  return leaves;
}

Result<std::shared_ptr<arrow::Table>> ParquetFileReader::rows(
    const std::vector<const NestedField*>& fields, const std::vector<int>& groups) {
  TL_ASSIGN(const auto found,
            checked(reader_->ReadRowGroups(groups, leaves_of(fields)), "reading rows"));
  std::int64_t count = 0;
  for (const int group : groups)
    count += reader_->parquet_reader()->metadata()->RowGroup(group)->num_rows();
  return project(fields, *found, count);
}

Result<std::shared_ptr<arrow::RecordBatchReader>> ParquetFileReader::batches(
    const std::vector<const NestedField*>& fields) {
  std::vector<int> groups(static_cast<std::size_t>(reader_->num_row_groups()));
  std::iota(groups.begin(), groups.end(), 0);
  TL_ASSIGN(auto reader,
            checked(reader_->GetRecordBatchReader(groups, leaves_of(fields)), "reading rows"));
  return std::shared_ptr<arrow::RecordBatchReader>(std::move(reader));
}

Result<std::shared_ptr<arrow::Table>> ParquetFileReader::project(
    const std::vector<const NestedField*>& fields, const arrow::Table& found,
    std::int64_t count) const {
  TL_ASSIGN(const auto roots,
            checked(reader_->manifest().GetFieldIndices(leaves_of(fields)), "reading rows"));
  arrow::FieldVector arrow_fields;
  arrow::ChunkedArrayVector data;
  for (const NestedField* field : fields) {
    TL_ASSIGN(auto column, column_data(*field, found, roots, count));
    arrow_fields.push_back(to_arrow_field(*field));
    data.push_back(std::move(column));
  }
  return arrow::Table::Make(arrow::schema(std::move(arrow_fields)), std::move(data), count);
}

Result<std::shared_ptr<arrow::ChunkedArray>> ParquetFileReader::column_data(
    const NestedField& field, const arrow::Table& found, const std::vector<int>& roots,
    std::int64_t count) const {
  const FileColumn* column = find_column(columns_, field.id);
  if (column == nullptr) {
    TL_ASSIGN(auto constant,
              constant_column(field, partition_constant(*metadata_, *file_, field.id), count));
    return std::make_shared<arrow::ChunkedArray>(std::move(constant));
  }
  const auto root = static_cast<int>(column - columns_.data());
  const auto position = std::ranges::find(roots, root) - roots.begin();
  return project_column(field, *column, *found.column(static_cast<int>(position)));
}

ValueRange ParquetFileReader::range(const NestedField& field,
                                    const parquet::RowGroupMetaData& group) const {
  const FileColumn* column = find_column(columns_, field.id);
  if (column == nullptr) {
    const auto constant = partition_constant(*metadata_, *file_, field.id);
    if (!constant) return {.may_have_value = false};
    return {.lower = constant, .upper = constant, .may_have_null = false};
  }
  // Row counts and leaf counts are the same only for flat columns; uuids were once ordered as
  // signed.
  if (!field.type->primitive() || field.type->kind == TypeKind::uuid || column->leaves.size() != 1)
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

}  // namespace tradelake::iceberg
