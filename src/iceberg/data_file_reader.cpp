#include <algorithm>

#include <arrow/table.h>

#include "iceberg/arrow_error.h"
#include "iceberg/equality_deletes.h"
#include "iceberg/filter_rows.h"
#include "iceberg/parquet_file_reader.h"
#include "iceberg/position_deletes.h"
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

Result<std::shared_ptr<arrow::Table>> some_columns(const arrow::Table& rows, std::size_t first,
                                                   std::size_t count) {
  std::vector<int> positions(count);
  std::ranges::generate(positions, [next = static_cast<int>(first)]() mutable { return next++; });
  return checked(rows.SelectColumns(positions), "selecting columns");
}

// The selection is of the rows of these spans, one after the other.
void deselect(const std::vector<std::int64_t>& positions,
              const std::vector<ParquetFileReader::Span>& spans, Selection& selection) {
  std::vector<std::int64_t> begins;  // in the selection
  std::int64_t begin = 0;
  for (const auto& span : spans) {
    begins.push_back(begin);
    begin += span.rows;
  }
  for (const std::int64_t position : positions) {
    const auto after = std::ranges::upper_bound(spans, position, {},
                                                [](const auto& span) { return span.first_row; });
    if (after == spans.begin()) continue;
    const auto& span = *(after - 1);
    if (position >= span.first_row + span.rows) continue;  // in a group that is not read
    const auto at = begins[static_cast<std::size_t>(after - 1 - spans.begin())];
    selection[static_cast<std::size_t>(at + position - span.first_row)] = 0;
  }
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
    Selection left;
    std::shared_ptr<arrow::Table> rows;
    if (deletes_.empty() || groups.empty()) {
      TL_ASSIGN(rows, reader.rows(fields, groups));
    } else {
      TL_ASSIGN(rows, rows_with_selection(reader, fields, groups, left));
    }
    TL_ASSIGN(rows, filter_rows(bound, std::move(rows), std::move(left)));
    return some_columns(*rows, 0, wanted.size());
  }

 private:
  // `left` becomes which of the rows no delete file takes out.
  Result<std::shared_ptr<arrow::Table>> rows_with_selection(ParquetFileReader& reader,
                                                            Fields fields,
                                                            const std::vector<int>& groups,
                                                            Selection& left) {
    TL_ASSIGN(const auto equality, EqualityDeletes::read(metadata_, io_, deletes_));
    const auto shown = fields.size();
    const auto compared = equality.fields();
    fields.insert(fields.end(), compared.begin(), compared.end());
    TL_ASSIGN(const auto rows, reader.rows(fields, groups));
    left.assign(static_cast<std::size_t>(rows->num_rows()), 1);
    // Apart from the rest: columns that were dropped may be called as others are now.
    TL_ASSIGN(const auto keys, some_columns(*rows, shown, compared.size()));
    TL_TRY(equality.deselect(*keys, left));
    const auto spans = reader.spans(groups);
    for (const auto& deletes : deletes_) {
      if (deletes->content != FileContent::position_deletes) continue;
      TL_ASSIGN(const auto positions,
                read_position_deletes(metadata_, io_, *deletes, file_.path, reader.row_count()));
      deselect(positions, spans, left);
    }
    return some_columns(*rows, 0, shown);
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
