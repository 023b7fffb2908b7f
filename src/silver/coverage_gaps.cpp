#include "silver/coverage_gaps.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include <arrow/api.h>

#include "bybit/topic.h"
#include "iceberg/columns.h"
#include "iceberg/write_rows.h"
#include "silver/tables.h"

namespace tradelake::silver {

void CoverageGaps::add(const log::Record& record, const log::Gap& gap) {
  rows_.push_back({std::string(record.headers.category), std::string(record.key), gap,
                   record.headers.recv_ns / 1000});
}

std::vector<CoverageGap> CoverageGaps::of_market(bybit::Category category,
                                                 std::string_view symbol) const {
  const auto key = bybit::topic_key(category, symbol);
  std::vector<CoverageGap> gaps;
  for (const auto& row : rows_) {
    if (row.category == to_string(category) &&
        (row.symbol == key || row.symbol == log::all_markets))
      gaps.push_back({row.gap});
  }
  return gaps;
}

Result<std::vector<iceberg::DataFile>> CoverageGaps::write_files(
    iceberg::FileIo& io, const iceberg::Table& table) const {
  using namespace iceberg;
  static const auto declared = coverage_gaps_table().schema;
  std::vector<std::int64_t> from_us, to_us, detected_us;
  for (const auto& row : rows_) {
    from_us.push_back(row.gap.from_us);
    to_us.push_back(row.gap.to_us);
    detected_us.push_back(row.detected_us);
  }
  std::vector<std::uint32_t> order(rows_.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, {}, [&](std::uint32_t n) {
    const auto& row = rows_[n];
    return std::tuple(std::string_view(row.category), std::string_view(row.symbol), row.gap.from_us,
                      row.gap.to_us);
  });
  const auto text = [&](auto of) {
    return text_column(
        [&, of](std::uint32_t n) { return std::optional<std::string_view>(of(rows_[n])); }, order);
  };
  return write_rows(
      io, *table.metadata, declared,
      table_of({
          {"category", text([](const Row& row) { return std::string_view(row.category); })},
          {"symbol", text([](const Row& row) { return std::string_view(row.symbol); })},
          {"from_time", timestamp_column(from_us, order)},
          {"to_time", timestamp_column(to_us, order)},
          {"cause", text([](const Row& row) { return std::string_view(row.gap.cause); })},
          {"status", text([](const Row&) { return std::string_view("open"); })},
          {"detected_at", timestamp_column(detected_us, order)},
      }));
}

}  // namespace tradelake::silver
