// `tradelake table export`: rows into a CSV or Parquet file, one data file after the other.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <arrow/api.h>
#include <arrow/io/file.h>
#include <parquet/arrow/writer.h>

#include "cli/table_command.h"
#include "iceberg/arrow_error.h"
#include "iceberg/cell_text.h"
#include "iceberg/parquet_writer.h"

namespace tradelake::cli {
namespace {

namespace fs = std::filesystem;

// A file that did not exist before, and does not if the export fails.
class NewFile {
 public:
  static Result<NewFile> create(const fs::path& path) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (file >= 0) return NewFile(path, file);
    if (errno == EEXIST) {
      return make_error(Errc::invalid_argument,
                        "{} exists; allowed is a name that is free, nothing is overwritten",
                        path.string());
    }
    return make_error(Errc::io, "cannot make {}: {}", path.string(), std::strerror(errno));
  }
  NewFile(NewFile&& other) noexcept
      : path_(std::move(other.path_)), file_(std::exchange(other.file_, -1)) {}
  NewFile& operator=(NewFile&&) = delete;
  ~NewFile() {
    if (file_ < 0) return;
    ::close(file_);
    ::unlink(path_.c_str());
  }
  int descriptor() const { return file_; }
  Result<> keep() {
    const int file = std::exchange(file_, -1);
    if (::fsync(file) == 0 && ::close(file) == 0) return {};
    auto error = make_error(Errc::io, "cannot write {}: {}", path_.string(), std::strerror(errno));
    ::unlink(path_.c_str());
    return error;
  }

 private:
  NewFile(fs::path path, int file) : path_(std::move(path)), file_(file) {}
  fs::path path_;
  int file_;
};

class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual Result<> add(const arrow::Table& rows) = 0;
  virtual Result<> end() = 0;
};

class CsvSink : public RowSink {
 public:
  CsvSink(const Selection& selection, int file) : selection_(selection), file_(file) {
    for (const auto& name : selection.columns) append(name);
    text_ += "\r\n";
  }

  Result<> add(const arrow::Table& table) override {
    TL_ASSIGN(const auto rows, iceberg::checked(table.CombineChunks(), "joining rows"));
    std::vector<const iceberg::Type*> types;
    for (const auto& name : selection_.columns)
      types.push_back(selection_.metadata->schema().find(std::string_view(name))->type.get());
    for (std::int64_t row = 0; row < rows->num_rows(); ++row) {
      starts_line_ = true;
      for (int column = 0; column < rows->num_columns(); ++column) {
        const auto& type = *types[static_cast<std::size_t>(column)];
        const auto text = iceberg::cell_text(type, *rows->column(column)->chunk(0), row);
        text ? append(*text) : append_null();
      }
      text_ += "\r\n";
      if (text_.size() >= flush_at) TL_TRY(flush());
    }
    return {};
  }

  Result<> end() override { return flush(); }

 private:
  static constexpr std::size_t flush_at = std::size_t{1} << 20;

  void separate() {
    if (!starts_line_) text_ += ',';
    starts_line_ = false;
  }
  // Null is empty; empty text is "".
  void append_null() { separate(); }
  void append(const std::string& text) {
    separate();
    if (!text.empty() && text.find_first_of(",\"\r\n") == std::string::npos) {
      text_ += text;
      return;
    }
    text_ += '"';
    for (const char c : text) {
      if (c == '"') text_ += '"';
      text_ += c;
    }
    text_ += '"';
  }

  Result<> flush() {
    std::string_view rest = text_;
    while (!rest.empty()) {
      const auto written = ::write(file_, rest.data(), rest.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return make_error(Errc::io, "cannot write: {}", std::strerror(errno));
      rest.remove_prefix(static_cast<std::size_t>(written));
    }
    text_.clear();
    return {};
  }

  const Selection& selection_;
  int file_;
  bool starts_line_ = true;
  std::string text_;
};

class ParquetSink : public RowSink {
 public:
  static Result<std::unique_ptr<RowSink>> open(const Selection& selection, int file) {
    arrow::FieldVector fields;
    const auto whole = iceberg::to_arrow_schema(selection.metadata->schema());
    for (const auto& name : selection.columns) fields.push_back(whole->GetFieldByName(name));
    auto sink = std::make_unique<ParquetSink>();
    TL_ASSIGN(sink->out_,
              iceberg::checked(arrow::io::FileOutputStream::Open(::dup(file)), "opening the file"));
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(parquet::Compression::ZSTD)
                                ->enable_store_decimal_as_integer()
                                ->build();
    TL_ASSIGN(sink->writer_,
              iceberg::checked(
                  parquet::arrow::FileWriter::Open(
                      *arrow::schema(fields), arrow::default_memory_pool(), sink->out_, properties),
                  "opening a Parquet writer"));
    return sink;
  }

  Result<> add(const arrow::Table& rows) override {
    return iceberg::checked(writer_->WriteTable(rows, rows_per_group), "encoding rows");
  }
  Result<> end() override {
    TL_TRY(iceberg::checked(writer_->Close(), "writing the footer"));
    return iceberg::checked(out_->Close(), "closing the file");
  }

 private:
  static constexpr std::int64_t rows_per_group = 1'000'000;
  std::shared_ptr<arrow::io::FileOutputStream> out_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

Result<std::unique_ptr<RowSink>> open_sink(const Selection& selection, const fs::path& path,
                                           int file) {
  if (path.extension() == ".parquet") return ParquetSink::open(selection, file);
  return std::make_unique<CsvSink>(selection, file);
}

Result<> export_rows(OpenedLake& lake, const iceberg::Table& table, const TableFlags& flags,
                     const fs::path& to) {
  TL_ASSIGN(const auto selection, select(table.metadata, flags));
  TL_ASSIGN(auto file, NewFile::create(to));
  TL_ASSIGN(const auto sink, open_sink(selection, to, file.descriptor()));
  std::int64_t count = 0;
  TL_TRY(each_piece(lake, selection, flags.limit, [&](const arrow::Table& rows) {
    count += rows.num_rows();
    return sink->add(rows);
  }));
  TL_TRY(sink->end());
  TL_TRY(file.keep());
  fmt::print("{} rows in {}\n", count, to.string());
  return {};
}

}  // namespace

void add_table_export(CLI::App& command, Run& run) {
  auto* sub = command.add_subcommand("export", "Rows into a CSV or Parquet file");
  auto flags = TableFlags::add(*sub);
  flags->add_time_travel(*sub);
  flags->add_rows(*sub);
  sub->add_option("--limit", flags->limit, "Rows at most (default: all)");
  auto to = std::make_shared<std::string>();
  sub->add_option("--to", *to, "FILE.csv or FILE.parquet, which must not exist")->required();
  sub->callback([flags, to, &run] {
    run = [flags, to] {
      const fs::path path(*to);
      if (path.extension() != ".csv" && path.extension() != ".parquet") {
        return report({Errc::invalid_argument,
                       fmt::format("--to is '{}'; allowed: FILE.csv or FILE.parquet", *to)});
      }
      return with_table(*flags, [&](OpenedLake& lake, iceberg::Table& table) {
        return export_rows(lake, table, *flags, path);
      });
    };
  });
}

}  // namespace tradelake::cli
