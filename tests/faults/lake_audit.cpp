#include "faults/lake_audit.h"

#include <arrow/api.h>

#include "faults/candle_audit.h"
#include "faults/table_history.h"
#include "iceberg/row_reader.h"

namespace tradelake::faults {
namespace {

using iceberg::RowReader;

const std::vector<std::string> place_columns{"_topic", "_topic_partition", "_offset", "_index"};
const std::vector<std::string> trade_columns{"category", "symbol", "trade_id",   "side",
                                             "price",    "size",   "trade_time", "seq"};
const std::vector<std::string> kline_columns{"category",  "symbol",     "interval",
                                             "open_time", "close_time", "close",
                                             "volume",    "turnover",   "pushed_at"};
const std::vector<std::string> gap_columns{"category", "symbol", "from_time",  "to_time",
                                           "cause",    "status", "detected_at"};
constexpr int first_of_row = 4;  // behind the place

std::string trade_text(const RowReader& rows, std::int64_t row) {
  constexpr int at = first_of_row;
  return fmt::format("{} {} {} {} {} {} {} {}", rows.text(at, row), rows.text(at + 1, row),
                     rows.text(at + 2, row), rows.text(at + 3, row), rows.decimal(at + 4, row),
                     rows.decimal(at + 5, row), rows.integer(at + 6, row),
                     rows.integer(at + 7, row));
}

std::string late_text(const RowReader& rows, std::int64_t row) {
  return fmt::format("{} {} {}", trade_text(rows, row), rows.integer(first_of_row + 8, row),
                     rows.integer(first_of_row + 9, row));
}

std::string dead_text(const RowReader& rows, std::int64_t row) {
  return std::string(rows.text(first_of_row, row));
}

std::string kline_text(const RowReader& rows, std::int64_t row) {
  constexpr int at = first_of_row;
  return fmt::format("{} {} {} {} {} {} {} {} {}", rows.text(at, row), rows.text(at + 1, row),
                     rows.text(at + 2, row), rows.integer(at + 3, row), rows.integer(at + 4, row),
                     rows.decimal(at + 5, row), rows.decimal(at + 6, row),
                     rows.decimal(at + 7, row), rows.integer(at + 8, row));
}

std::string gap_text(const RowReader& rows, std::int64_t row) {
  return fmt::format("{} {} {} {} {} {} {}", rows.text(0, row), rows.text(1, row),
                     rows.integer(2, row), rows.integer(3, row), rows.text(4, row),
                     rows.text(5, row), rows.integer(6, row));
}

class Auditor {
 public:
  Auditor(World& world, const Expected& expected) : world_(world), expected_(expected) {}

  Verdict run() {
    for (const auto& text : expected_.findings) {
      verdict_.findings.push_back("log: " + text);
      (text.contains("twice") ? verdict_.doubled : verdict_.lost) += 1;
    }
    catalog_ = iceberg::catalog_in([this] { return world_.session(); }, World::catalog_name);
    auto columns = place_columns;
    columns.insert(columns.end(), trade_columns.begin(), trade_columns.end());
    rows({"bronze", "trades"}, columns, trade_text, expected_.trades);
    columns.insert(columns.end(), {"open_time", "late_by_ms"});
    rows({"silver", "late_trades"}, columns, late_text, expected_.late_trades);
    columns = place_columns;
    columns.emplace_back("reason");
    rows({"bronze", "dead_letters"}, columns, dead_text, expected_.dead_letters);
    columns = place_columns;
    columns.insert(columns.end(), kline_columns.begin(), kline_columns.end());
    rows({"bronze", "klines"}, columns, kline_text, expected_.klines);
    gaps();
    audit_candles(world_, *catalog_, expected_, verdict_, offsets_);
    for (const auto* pipeline : {"bronze", "silver"}) progress(pipeline);
    return std::move(verdict_);
  }

 private:
  using Text = std::string (*)(const RowReader&, std::int64_t);

  // A table whose rows are each at a place of the log.
  void rows(const iceberg::TableIdent& ident, const std::vector<std::string>& columns, Text text,
            const Rows& expected) {
    TableHistory history(world_, *catalog_, ident, verdict_.findings);
    std::map<std::string, std::vector<std::pair<Place, std::string>>> by_file;
    std::map<Place, int> count;
    for (const auto& view : history.snapshots()) {
      count.clear();
      for (const auto& file : view.files) {
        auto& read = by_file[file.path];
        if (read.empty()) read = read_rows(history, file, columns, text);
        for (const auto& [place, row] : read) {
          ++count[place];
          const auto wanted = expected.find(place);
          if (wanted == expected.end()) {
            history.finding("not to be there: " + to_string(place) + ": " + row);
          } else if (wanted->second != row) {
            history.finding(
                fmt::format("{} is {}, expected {}", to_string(place), row, wanted->second));
          }
        }
      }
      as_far_as_it_says(history, view, expected, count);
    }
    judge_head(history, expected, count);
  }

  // Its rows do not tell their places, but no two gaps are alike.
  void gaps() {
    TableHistory history(world_, *catalog_, {"silver", "coverage_gaps"}, verdict_.findings);
    std::map<std::string, Place> places;
    for (const auto& [place, row] : expected_.gaps) places[row] = place;
    std::map<Place, int> count;
    for (const auto& view : history.snapshots()) {
      count.clear();
      for (const auto& file : view.files) {
        const auto table = history.read(file, gap_columns);
        if (table == nullptr) continue;
        const RowReader rows(*table);
        for (std::int64_t row = 0; row < rows.rows(); ++row) {
          const auto place = places.find(gap_text(rows, row));
          if (place == places.end()) {
            history.finding("not to be there: " + gap_text(rows, row));
          } else {
            ++count[place->second];
          }
        }
      }
      as_far_as_it_says(history, view, expected_.gaps, count);
    }
    judge_head(history, expected_.gaps, count);
  }

  void judge_head(TableHistory& history, const Rows& expected, const std::map<Place, int>& count) {
    for (const auto& [place, row] : expected) {
      const auto times = count.find(place);
      if (times == count.end()) {
        history.finding("lost: " + to_string(place));
        ++verdict_.lost;
      } else if (times->second > 1) {
        history.finding("doubled: " + to_string(place));
        ++verdict_.doubled;
      }
    }
    for (const auto& [place, times] : count) {
      if (!expected.contains(place)) ++verdict_.doubled;  // a repeat that was let through
    }
    offsets_[history.ident()] = history.snapshots().empty() ? decltype(SnapshotView::offsets)()
                                                            : history.snapshots().back().offsets;
  }

  // A snapshot has every row below its offsets, and none beyond.
  static void as_far_as_it_says(TableHistory& history, const SnapshotView& view,
                                const Rows& expected, const std::map<Place, int>& count) {
    const auto covers = [&](const Place& place) {
      const auto next = view.offsets.find(place.where);
      return next != view.offsets.end() && place.offset < next->second;
    };
    for (const auto& [place, row] : expected) {
      const bool there = count.contains(place);
      if (there == covers(place)) continue;
      history.finding(fmt::format("snapshot {} {} {}", view.snapshot->id.value,
                                  there ? "does not tell of" : "lacks", to_string(place)));
    }
  }

  static std::vector<std::pair<Place, std::string>> read_rows(
      TableHistory& history, const iceberg::DataFile& file, const std::vector<std::string>& columns,
      Text text) {
    std::vector<std::pair<Place, std::string>> result;
    const auto table = history.read(file, columns);
    if (table == nullptr) return result;
    const RowReader rows(*table);
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      result.emplace_back(
          Place{{std::string(rows.text(0, row)), static_cast<std::int32_t>(rows.integer(1, row))},
                rows.integer(2, row),
                rows.is_null(3, row) ? -1 : rows.integer(3, row)},
          text(rows, row));
    }
    return result;
  }

  void progress(const std::string& pipeline) {
    std::map<log::TopicPartition, std::int64_t> next;
    const auto rows = *catalog_->progress(pipeline);
    for (const auto& row : rows) next[{row.topic, row.partition}] = row.next_offset;
    for (const auto& [where, end] : expected_.ends) {
      if (!is_read_by(pipeline, where.topic)) continue;
      if (next[where] != end) {
        verdict_.findings.push_back(fmt::format("{} is at {} of {}/{}, which ends at {}", pipeline,
                                                next[where], where.topic, where.partition, end));
      }
    }
    for (const auto& [ident, offsets] : offsets_) {
      if (ident.name_space != pipeline) continue;
      for (const auto& [where, offset] : offsets) {
        if (offset > next[where])
          verdict_.findings.push_back(to_string(ident) + " tells more than its progress row");
      }
    }
  }

  World& world_;
  const Expected& expected_;
  std::unique_ptr<iceberg::Catalog> catalog_;
  HeadOffsets offsets_;
  Verdict verdict_;
};

}  // namespace

Verdict audit(World& world, const Expected& expected) {
  return Auditor(world, expected).run();
}

}  // namespace tradelake::faults
