// parquet_tool: the Parquet reader and writer for tests in other languages.
//
//   parquet_tool write METADATA.json ROWS.arrow OUT.parquet OPTIONS.json [REPEAT]
//   parquet_tool read  METADATA.json FILE.parquet OUT.arrow REQUEST.json
//
// Rows travel as Arrow IPC files. `write` prints what the manifest would hold as JSON (bounds in
// hex) and the CPU nanoseconds per row of the best of REPEAT rounds; REQUEST.json is
// {"columns": [...], "filter": [["column", "less", value], ...]} with integer and string values
// only.
#include <ctime>
#include <fstream>
#include <iostream>
#include <iterator>

#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <arrow/table.h>
#include <nlohmann/json.hpp>

#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/scan.h"
#include "iceberg/table_metadata_json.h"
#include "iceberg/tool/filter_json.h"

namespace tradelake::iceberg {
namespace {

using nlohmann::json;

[[noreturn]] void fail(const std::string& message) {
  std::cerr << message << '\n';
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) fail(fmt::format("{}: {}", to_string(result.error().code), result.error().message));
  return *std::move(result);
}

template <class T>
T must(arrow::Result<T> result) {
  if (!result.ok()) fail(result.status().ToString());
  return *std::move(result);
}

void must(const arrow::Status& status) {
  if (!status.ok()) fail(status.ToString());
}

std::string slurp(const char* path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(fmt::format("cannot read {}", path));
  return {std::istreambuf_iterator<char>(in), {}};
}

std::shared_ptr<arrow::Table> read_rows(const char* path) {
  const auto file = must(arrow::io::ReadableFile::Open(path));
  return must(must(arrow::ipc::RecordBatchFileReader::Open(file))->ToTable());
}

void write_rows(const arrow::Table& rows, const char* path) {
  const auto file = must(arrow::io::FileOutputStream::Open(path));
  const auto writer = must(arrow::ipc::MakeFileWriter(file, rows.schema()));
  must(writer->WriteTable(rows));
  must(writer->Close());
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const unsigned char byte : bytes) out += fmt::format("{:02x}", byte);
  return out;
}

json counts(const std::map<FieldId, std::int64_t>& map) {
  json out = json::object();
  for (const auto& [id, value] : map) out[std::to_string(id.value)] = value;
  return out;
}

json bounds(const std::map<FieldId, std::string>& map) {
  json out = json::object();
  for (const auto& [id, value] : map) out[std::to_string(id.value)] = hex(value);
  return out;
}

json describe(const DataFile& file) {
  return {{"record_count", file.record_count},
          {"size_bytes", file.size_bytes},
          {"column_sizes", counts(file.column_sizes)},
          {"value_counts", counts(file.value_counts)},
          {"null_value_counts", counts(file.null_value_counts)},
          {"nan_value_counts", counts(file.nan_value_counts)},
          {"lower_bounds", bounds(file.lower_bounds)},
          {"upper_bounds", bounds(file.upper_bounds)},
          {"split_offsets", file.split_offsets}};
}

ParquetOptions options_from(const json& text) {
  ParquetOptions options;
  options.zstd_level = text.value("zstd_level", options.zstd_level);
  options.row_group_rows = text.value("row_group_rows", options.row_group_rows);
  options.plain_columns = text.value("plain_columns", options.plain_columns);
  options.delta_columns = text.value("delta_columns", options.delta_columns);
  options.random_columns = text.value("random_columns", options.random_columns);
  return options;
}

double cpu_seconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void write(const TableMetadata& metadata, char** arguments, int repeat) {
  const auto rows = read_rows(arguments[0]);
  const auto options = options_from(json::parse(slurp(arguments[2])));
  double best = 1e9;
  for (int round = 0; round < repeat; ++round) {
    MemoryIo io;
    const double start = cpu_seconds();
    const auto file =
        must(write_data_file(io, {.uri = arguments[1]}, metadata.schema(), *rows, options));
    best = std::min(best, cpu_seconds() - start);
    if (round + 1 < repeat) continue;
    std::ofstream(arguments[1], std::ios::binary) << io.files.begin()->second;
    json out = describe(file);
    out["cpu_ns_per_row"] = best * 1e9 / static_cast<double>(rows->num_rows());
    std::cout << out.dump() << '\n';
  }
}

Value value_from(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_boolean()) return value.get<bool>();
  const auto number = value.get<std::int64_t>();
  if (std::in_range<std::int32_t>(number)) return static_cast<std::int32_t>(number);
  return number;
}

Filter filter_from(const json& given) {
  return *filter_from_json(given, [](std::string_view, const json& value) -> Result<Value> {
    return value_from(value);
  });
}

void read(const TableMetadata& metadata, char** arguments) {
  const auto request = json::parse(slurp(arguments[2]));
  MemoryIo io;
  DataFile file;
  file.path = arguments[0];
  file.spec_id = metadata.default_spec_id;
  io.files[file.path] = slurp(arguments[0]);
  const auto rows =
      must(read_data_file(metadata, io, file, request.value("columns", std::vector<std::string>{}),
                          filter_from(request.value("filter", json::array()))));
  write_rows(*rows, arguments[1]);
}

}  // namespace
}  // namespace tradelake::iceberg

int main(int count, char** arguments) {
  using namespace tradelake::iceberg;
  const std::string command = count > 1 ? arguments[1] : "";
  if (count < 6 || (command != "write" && command != "read")) {
    std::cerr << "usage: parquet_tool write|read METADATA.json IN OUT OPTIONS.json [REPEAT]\n";
    return 2;
  }
  const auto metadata = must(table_metadata_from_json(slurp(arguments[2])));
  if (command == "write") write(metadata, arguments + 3, count > 6 ? std::atoi(arguments[6]) : 1);
  if (command == "read") read(metadata, arguments + 3);
  return 0;
}
