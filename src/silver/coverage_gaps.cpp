#include "silver/coverage_gaps.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <arrow/api.h>

#include "core/time.h"
#include "iceberg/columns.h"
#include "iceberg/new_data_file.h"

namespace tradelake::silver {

void CoverageGaps::add(const log::Record& record, const log::Gap& gap) {
  rows_.push_back({std::string(record.headers.category), std::string(record.key), gap,
                   record.headers.recv_ns / 1000});
}

Result<std::vector<iceberg::DataFile>> CoverageGaps::write_files(
    iceberg::FileIo& io, const iceberg::Table& table) const {
  using namespace iceberg;
  std::map<std::int32_t, std::vector<std::uint32_t>> by_day;
  std::vector<std::int64_t> from_us, to_us, detected_us;
  for (std::uint32_t n = 0; n < rows_.size(); ++n) {
    const auto& [category, symbol, gap, detected] = rows_[n];
    by_day[static_cast<std::int32_t>(floor_div(gap.from_us, us_per_day))].push_back(n);
    from_us.push_back(gap.from_us);
    to_us.push_back(gap.to_us);
    detected_us.push_back(detected);
  }
  std::vector<DataFile> files;
  for (auto& [day, rows] : by_day) {
    std::ranges::sort(rows, {}, [&](std::uint32_t n) {
      const auto& row = rows_[n];
      return std::tuple(std::string_view(row.category), std::string_view(row.symbol),
                        row.gap.from_us, row.gap.to_us);
    });
    const auto text = [&](auto of) {
      return text_column(
          [&, of](std::uint32_t n) { return std::optional<std::string_view>(of(rows_[n])); }, rows);
    };
    const std::vector<std::pair<std::string, Column>> columns{
        {"category", text([](const Row& row) { return std::string_view(row.category); })},
        {"symbol", text([](const Row& row) { return std::string_view(row.symbol); })},
        {"from_time", timestamp_column(from_us, rows)},
        {"to_time", timestamp_column(to_us, rows)},
        {"cause", text([](const Row& row) { return std::string_view(row.gap.cause); })},
        {"status", text([](const Row&) { return std::string_view("open"); })},
        {"detected_at", timestamp_column(detected_us, rows)},
    };
    TL_ASSIGN(auto file,
              write_new_data_file(io, *table.metadata, {Value{day}}, *table_of(columns)));
    files.push_back(std::move(file));
  }
  return files;
}

}  // namespace tradelake::silver
