#include <algorithm>

#include <arrow/table.h>

#include "iceberg/arrow_error.h"
#include "iceberg/filter_rows.h"
#include "iceberg/parquet_file_reader.h"
#include "iceberg/row_deletes.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {

namespace {

using Fields = std::vector<const NestedField*>;
using DeleteFiles = std::vector<std::shared_ptr<const DataFile>>;

Result<Fields> select_fields(const Schema& schema, const std::vector<std::string>& columns) {
  Fields fields;
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

class DataFileReading {
 public:
  DataFileReading(const TableMetadata& metadata, FileIo& io, const DataFile& file,
                  const DeleteFiles& deletes)
      : metadata_(metadata), io_(io), file_(file), deletes_(deletes) {}

  Result<std::shared_ptr<arrow::Table>> read(const std::vector<std::string>& columns,
                                             const Filter& filter) {
    TL_ASSIGN(const auto bound, bind(metadata_.schema(), filter));
    TL_ASSIGN(const auto wanted, select_fields(metadata_.schema(), columns));
    TL_ASSIGN(const auto mapping, name_mapping_of(metadata_.properties));
    auto fields = wanted;
    for (const BoundPredicate& predicate : bound) {
      if (std::ranges::find(fields, predicate.field) == fields.end())
        fields.push_back(predicate.field);
    }
    TL_ASSIGN(auto reader, ParquetFileReader::open(metadata_, io_, file_, mapping));
    const auto groups = reader.matching_row_groups(bound);
    RowDeletes::Rows rows;
    if (deletes_.empty() || groups.empty()) {
      TL_ASSIGN(rows.first, reader.rows(fields, groups));
    } else {
      TL_ASSIGN(rows, rows_that_are_left(reader, fields, groups));
    }
    TL_ASSIGN(const auto found, filter_rows(bound, std::move(rows.first), std::move(rows.second)));
    return column_range(*found, 0, wanted.size());
  }

 private:
  Result<RowDeletes::Rows> rows_that_are_left(ParquetFileReader& reader, Fields fields,
                                              const std::vector<int>& groups) {
    TL_ASSIGN(const auto deletes,
              RowDeletes::read(metadata_, io_, file_, deletes_, reader.row_count()));
    const auto compared = deletes.compared();
    fields.insert(fields.end(), compared.begin(), compared.end());
    TL_ASSIGN(auto rows, reader.rows(fields, groups));
    return deletes.deselect(std::move(rows), reader.spans(groups));
  }

  const TableMetadata& metadata_;
  FileIo& io_;
  const DataFile& file_;
  const DeleteFiles& deletes_;
};

Result<std::shared_ptr<arrow::Table>> read(const TableMetadata& metadata, FileIo& io,
                                           const DataFile& file, const DeleteFiles& deletes,
                                           const std::vector<std::string>& columns,
                                           const Filter& filter) {
  return reading("data", file, [&] {
    return DataFileReading(metadata, io, file, deletes).read(columns, filter);
  });
}

}  // namespace

Result<std::shared_ptr<arrow::Table>> read_data_file(const TableMetadata& metadata, FileIo& io,
                                                     const ScanFile& file,
                                                     const std::vector<std::string>& columns,
                                                     const Filter& filter) {
  return read(metadata, io, file.file, file.deletes, columns, filter);
}

Result<std::shared_ptr<arrow::Table>> read_data_file(const TableMetadata& metadata, FileIo& io,
                                                     const DataFile& file,
                                                     const std::vector<std::string>& columns,
                                                     const Filter& filter) {
  return read(metadata, io, file, {}, columns, filter);
}

}  // namespace tradelake::iceberg
