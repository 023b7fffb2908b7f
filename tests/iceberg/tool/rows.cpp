#include "rows.h"

#include <iostream>
#include <vector>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>

#include "filter_json.h"
#include "iceberg/arrow_error.h"
#include "iceberg/arrow_schema.h"
#include "iceberg/scan.h"
#include "iceberg/transaction.h"
#include "iceberg/write_rows.h"
#include "opened.h"

namespace tradelake::iceberg {
namespace {

using Json = nlohmann::json;

Result<std::shared_ptr<arrow::Table>> read_arrow(const std::string& path) {
  TL_ASSIGN(const auto file, checked(arrow::io::ReadableFile::Open(path), path));
  TL_ASSIGN(const auto reader, checked(arrow::ipc::RecordBatchFileReader::Open(file), path));
  return checked(reader->ToTable(), path);
}

}  // namespace

Result<> append_rows(const std::string& catalog, const std::string& name, const std::string& path) {
  TL_ASSIGN(auto opened, open_table(catalog, name));
  TL_ASSIGN(auto rows, read_arrow(path));
  const auto& metadata = *opened.table.metadata;
  TL_ASSIGN(auto files, write_rows(*opened.io, metadata, metadata.schema(), std::move(rows)));
  Transaction transaction(*opened.catalog, *opened.io);
  transaction.add(opened.table, append_files(std::move(files)));
  TL_TRY(transaction.commit());
  return {};
}

Result<> read_rows(const std::string& catalog, const std::string& name, const std::string& path) {
  TL_ASSIGN(const auto opened, open_table(catalog, name));
  const auto& metadata = *opened.table.metadata;
  arrow::FieldVector fields;
  for (const auto& field : metadata.schema().fields) fields.push_back(to_arrow_field(field));
  TL_ASSIGN(const auto file, checked(arrow::io::FileOutputStream::Open(path), path));
  TL_ASSIGN(const auto writer,
            checked(arrow::ipc::MakeFileWriter(file, arrow::schema(std::move(fields))), path));
  TL_ASSIGN(const auto planned, plan_files(metadata, *opened.io, {}));
  for (const auto& one : planned) {
    TL_ASSIGN(const auto rows, read_data_file(metadata, *opened.io, one, {}, {}));
    TL_TRY(checked(writer->WriteTable(*rows), path));
  }
  TL_TRY(checked(writer->Close(), path));
  return {};
}

Result<> select_ids(const std::string& catalog, const std::string& name, const Json& filters) {
  TL_ASSIGN(const auto opened, open_table(catalog, name));
  const auto& metadata = *opened.table.metadata;
  for (const auto& given : filters) {
    TL_ASSIGN(const auto filter, filter_from_json(metadata.schema(), given));
    TL_ASSIGN(const auto planned, plan_files(metadata, *opened.io, filter));
    Json ids = Json::array();
    for (const auto& file : planned) {
      TL_ASSIGN(const auto rows, read_data_file(metadata, *opened.io, file, {"id"}, filter));
      for (const auto& chunk : rows->column(0)->chunks()) {
        const auto& values = static_cast<const arrow::Int64Array&>(*chunk);
        for (std::int64_t i = 0; i < values.length(); ++i) ids.push_back(values.Value(i));
      }
    }
    std::cout << Json{{"files", planned.size()}, {"ids", ids}}.dump() << '\n';
  }
  return {};
}

}  // namespace tradelake::iceberg
