// `tradelake table scan`: rows as text or JSON, one file at a time.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <arrow/api.h>

#include "cli/table_command.h"
#include "iceberg/cell_text.h"
#include "iceberg/text_table.h"

namespace tradelake::cli {

void add_table_scan(CLI::App& command, Run& run);

namespace {

constexpr std::size_t rows_aligned_together = 1000;

// Prints as it goes; memory is one file's rows.
class Printer {
 public:
  Printer(const Selection& selection, bool as_json) : selection_(selection), as_json_(as_json) {
    if (as_json_) {
      fmt::print("[");
    } else {
      lines_.push_back(selection.columns);
    }
  }

  Result<> print(const arrow::Table& table) {
    auto combined = table.CombineChunks();
    if (!combined.ok()) return make_error(Errc::io, "out of memory for {} rows", table.num_rows());
    const auto& rows = **combined;
    for (std::int64_t row = 0; row < rows.num_rows(); ++row) {
      as_json_ ? print_json(rows, row) : add_line(rows, row);
    }
    return {};
  }

  void end() {
    if (as_json_) {
      fmt::print("{}]\n", first_ ? "" : "\n");
    } else {
      flush();
    }
  }

 private:
  const iceberg::Type& type(int column) const {
    const auto& name = selection_.columns[static_cast<std::size_t>(column)];
    return *selection_.metadata->schema().find(std::string_view(name))->type;
  }

  void print_json(const arrow::Table& rows, std::int64_t row) {
    iceberg::JsonWriter json;
    json.open_object();
    for (int column = 0; column < rows.num_columns(); ++column) {
      json.key(selection_.columns[static_cast<std::size_t>(column)]);
      iceberg::write_cell(json, type(column), *rows.column(column)->chunk(0), row);
    }
    json.close_object();
    fmt::print("{}\n{}", first_ ? "" : ",", std::move(json).take());
    first_ = false;
  }

  void add_line(const arrow::Table& rows, std::int64_t row) {
    auto& line = lines_.emplace_back();
    for (int column = 0; column < rows.num_columns(); ++column) {
      line.push_back(iceberg::cell_text(type(column), *rows.column(column)->chunk(0), row, true)
                         .value_or("null"));
    }
    if (lines_.size() >= rows_aligned_together) flush();
  }

  void flush() {
    fmt::print("{}", iceberg::aligned(lines_));
    lines_.clear();
  }

  const Selection& selection_;
  bool as_json_;
  bool first_ = true;
  std::vector<std::vector<std::string>> lines_;
};

Result<> scan(OpenedLake& lake, const iceberg::Table& table, const TableFlags& flags) {
  TL_ASSIGN(const auto selection, select(table.metadata, flags));
  Printer printer(selection, flags.json);
  TL_TRY(each_piece(lake, selection, flags.limit,
                    [&](const arrow::Table& rows) { return printer.print(rows); }));
  printer.end();
  return {};
}

}  // namespace

void add_table_scan(CLI::App& command, Run& run) {
  auto* sub = command.add_subcommand("scan", "Rows as text");
  auto flags = TableFlags::add(*sub);
  flags->limit = 20;
  flags->add_json(*sub);
  flags->add_time_travel(*sub);
  flags->add_rows(*sub);
  sub->add_option("--limit", flags->limit, "Rows at most; -1: all")->capture_default_str();
  sub->callback([flags, &run] {
    run = [flags] {
      return with_table(*flags, [&](OpenedLake& lake, iceberg::Table& table) {
        return scan(lake, table, *flags);
      });
    };
  });
}

}  // namespace tradelake::cli
