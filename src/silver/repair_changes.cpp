#include "silver/repair_changes.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <arrow/table.h>

#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "silver/tables.h"

namespace tradelake::silver {
namespace {

// interval, category, symbol, open_time
using Key = std::tuple<std::string, std::string, std::string, std::int64_t>;

Key key_of(const StoredInterval& interval, const CandleRow& row) {
  return {std::string(interval.name), std::string(to_string(row.category)), row.symbol,
          row.open_time_us};
}

// Takes in the greatest revision on record of each candle that is wanted.
Result<> find_revisions(const iceberg::Table& table, iceberg::FileIo& io,
                        std::map<Key, std::int32_t>& wanted) {
  static const auto declared = candle_revisions_table().schema;
  std::int64_t from_us = INT64_MAX, to_us = INT64_MIN;
  for (const auto& [key, revision] : wanted) {
    from_us = std::min(from_us, std::get<3>(key));
    to_us = std::max(to_us, std::get<3>(key));
  }
  const auto metadata = iceberg::as_declared(table.metadata, declared);
  const iceberg::Filter filter{
      {"open_time", iceberg::Comparison::greater_equal, {iceberg::Value{from_us}}},
      {"open_time", iceberg::Comparison::less_equal, {iceberg::Value{to_us}}}};
  TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io, filter));
  for (const auto& file : files) {
    TL_ASSIGN(const auto found,
              iceberg::read_data_file(*metadata, io, file,
                                      {"interval", "category", "symbol", "open_time", "revision"},
                                      filter));
    const iceberg::RowReader rows(*found);
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      const auto one = wanted.find({std::string(rows.text(0, row)), std::string(rows.text(1, row)),
                                    std::string(rows.text(2, row)), rows.integer(3, row)});
      if (one == wanted.end()) continue;
      one->second = std::max(one->second, static_cast<std::int32_t>(rows.integer(4, row)));
    }
  }
  return {};
}

}  // namespace

RepairChanges::RepairChanges(std::int64_t now_us, std::size_t most_shown)
    : now_us_(now_us), most_shown_(most_shown) {
  for (std::size_t n = 0; n < changes_.size(); ++n) changes_[n].interval = &stored_intervals[n];
}

void RepairChanges::compare(std::size_t interval, const std::optional<StoredCandle>& stored,
                            std::optional<CandleRow> made) {
  if (!stored && !made) return;
  if (stored && made && stored->times == 1 && stored->row.same_candle(*made)) return;
  ++count_;
  if (shown_.size() < most_shown_) shown_.push_back({&stored_intervals[interval], stored, made});
  auto& change = changes_[interval];
  auto row = made ? *std::move(made) : no_candle(stored->row);
  row.updated_at_us = now_us_;
  row.revision = stored ? stored->row.revision + 1 : 0;
  if (!stored) {
    change.fresh.push_back(std::move(row));
  } else if (row.trades > 0) {
    change.revised.push_back({std::move(row), repair_reason});
  } else {
    change.removed.push_back({std::move(row), repair_reason});
  }
}

Result<> RepairChanges::continue_revisions(const iceberg::Table& revisions, iceberg::FileIo& io) {
  std::map<Key, std::int32_t> wanted;
  for (const auto& change : changes_) {
    for (const auto& row : change.fresh) wanted[key_of(*change.interval, row)] = 0;
  }
  if (wanted.empty()) return {};
  TL_TRY(find_revisions(revisions, io, wanted));
  for (auto& change : changes_) {
    std::erase_if(change.fresh, [&](CandleRow& row) {
      const auto last = wanted.at(key_of(*change.interval, row));
      if (last == 0) return false;
      row.revision = last + 1;
      change.restored.push_back({std::move(row), repair_reason});
      return true;
    });
  }
  return {};
}

}  // namespace tradelake::silver
