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
#include "iceberg/filter_pruning.h"
#include "iceberg/filter_rows.h"
#include "iceberg/parquet_columns.h"
#include "iceberg/parquet_statistics.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {

namespace {

using parquet::arrow::FileReader;

// `batch_rows`: of a stream; 0: row groups are read whole.
Result<std::unique_ptr<FileReader>> open(FileIo& io, const DataFile& data_file,
                                         std::int64_t batch_rows = 0) {
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
    const auto leaves = leaves_of(fields);
    TL_ASSIGN(const auto found, checked(reader_.ReadRowGroups(groups, leaves), "reading rows"));
    std::int64_t count = 0;
    for (const int group : groups)
      count += reader_.parquet_reader()->metadata()->RowGroup(group)->num_rows();
    return project(fields, leaves, *found, count);
  }

  Result<std::shared_ptr<arrow::RecordBatchReader>> batches(
      const std::vector<const NestedField*>& fields) {
    std::vector<int> groups(static_cast<std::size_t>(reader_.num_row_groups()));
    std::iota(groups.begin(), groups.end(), 0);
    TL_ASSIGN(auto reader,
              checked(reader_.GetRecordBatchReader(groups, leaves_of(fields)), "reading rows"));
    return std::shared_ptr<arrow::RecordBatchReader>(std::move(reader));
  }

  // `found` has these leaves of the file.
  Result<std::shared_ptr<arrow::Table>> project(const std::vector<const NestedField*>& fields,
                                                const arrow::Table& found, std::int64_t count) {
    return project(fields, leaves_of(fields), found, count);
  }

 private:
  std::vector<int> leaves_of(const std::vector<const NestedField*>& fields) const {
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

  Result<std::shared_ptr<arrow::Table>> project(const std::vector<const NestedField*>& fields,
                                                const std::vector<int>& leaves,
                                                const arrow::Table& found, std::int64_t count) {
    TL_ASSIGN(const auto roots,
              checked(reader_.manifest().GetFieldIndices(leaves), "reading rows"));
    arrow::FieldVector arrow_fields;
    arrow::ChunkedArrayVector data;
    for (const NestedField* field : fields) {
      TL_ASSIGN(auto column, column_data(*field, found, roots, count));
      arrow_fields.push_back(to_arrow_field(*field));
      data.push_back(std::move(column));
    }
    return arrow::Table::Make(arrow::schema(std::move(arrow_fields)), std::move(data), count);
  }

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

// A file that is read batch by batch, and what its reading stands on.
class Stream {
 public:
  static Result<std::shared_ptr<Stream>> open(TableMetadataPtr metadata, FileIo& io, DataFile file,
                                              std::int64_t batch_rows) {
    TL_ASSIGN(auto reader, iceberg::open(io, file, batch_rows));
    TL_ASSIGN(const auto mapping, name_mapping(*metadata));
    TL_ASSIGN(auto fields, select_fields(metadata->schema(), {}));
    auto stream = std::shared_ptr<Stream>(
        new Stream(std::move(metadata), std::move(file), std::move(reader), mapping));
    stream->fields_ = std::move(fields);
    TL_ASSIGN(stream->batches_, stream->reading_.batches(stream->fields_));
    return stream;
  }

  Result<std::shared_ptr<arrow::Table>> next() {
    TL_ASSIGN(const auto batch, checked(batches_->Next(), "reading rows"));
    if (batch == nullptr) return nullptr;
    TL_ASSIGN(const auto found, checked(arrow::Table::FromRecordBatches({batch}), "reading rows"));
    return reading_.project(fields_, *found, batch->num_rows());
  }

 private:
  Stream(TableMetadataPtr metadata, DataFile file, std::unique_ptr<FileReader> reader,
         const std::vector<MappedField>& mapping)
      : metadata_(std::move(metadata)),
        file_(std::move(file)),
        reader_(std::move(reader)),
        reading_(*metadata_, file_, *reader_, mapping) {}

  TableMetadataPtr metadata_;
  DataFile file_;
  std::unique_ptr<FileReader> reader_;
  Reading reading_;
  std::vector<const NestedField*> fields_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
};

// What `read` makes of a file, with its name in every error.
template <class Read>
auto guarded(const DataFile& file, const Read& read) -> decltype(read()) {
  if (file.format != "PARQUET" && file.format != "parquet") {
    return make_error(Errc::unsupported, "data file {} is {}; only PARQUET can be read", file.path,
                      file.format);
  }
  try {
    auto rows = read();
    if (!rows)
      return in_context(std::move(rows).error(), fmt::format("reading data file {}", file.path));
    return rows;
  } catch (const std::exception& e) {  // Parquet's, and what damaged lengths lead to
    return make_error(Errc::corrupt, "reading data file {}: {}", file.path, e.what());
  }
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> read_data_file(const TableMetadata& metadata, FileIo& io,
                                                     const DataFile& file,
                                                     const std::vector<std::string>& columns,
                                                     const Filter& filter) {
  return guarded(file, [&] { return read(metadata, io, file, columns, filter); });
}

RowSource stream_data_file(TableMetadataPtr metadata, FileIo& io, DataFile file,
                           std::int64_t batch_rows) {
  return [=, &io, file = std::move(file),
          stream = std::shared_ptr<Stream>()]() mutable -> Result<std::shared_ptr<arrow::Table>> {
    return guarded(file, [&]() -> Result<std::shared_ptr<arrow::Table>> {
      if (stream == nullptr) {
        TL_ASSIGN(stream, Stream::open(metadata, io, file, batch_rows));
      }
      return stream->next();
    });
  };
}

}  // namespace tradelake::iceberg
