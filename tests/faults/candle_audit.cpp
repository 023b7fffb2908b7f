#include "faults/candle_audit.h"

#include <algorithm>
#include <array>
#include <set>

#include <arrow/api.h>

#include "faults/table_history.h"
#include "iceberg/row_reader.h"

namespace tradelake::faults {
namespace {

const std::vector<std::string> candle_columns{"category",
                                              "symbol",
                                              "open_time",
                                              "open",
                                              "high",
                                              "low",
                                              "close",
                                              "volume",
                                              "turnover",
                                              "trades",
                                              "buy_volume",
                                              "buy_turnover",
                                              "first_trade_time",
                                              "last_trade_time",
                                              "revision"};

// All values that matter, in the columns' order from open on.
struct Version {
  enum { open, high, low, close, volume, turnover, trades, buy_volume, buy_turnover, first, last };
  std::array<int128_t, 11> values{};
  std::int64_t revision = 0;
};

std::string text_of(const Version& version) {
  std::string text;
  for (const auto value : version.values)
    text += fmt::format("{}{}", text.empty() ? "" : " ", value);
  return text;
}

using Candles = std::map<CandleKey, std::vector<Version>>;

std::string name_of(const CandleKey& key) {
  const auto& [category, symbol, open_ms] = key;
  return fmt::format("{}:{} at {}", category, symbol, open_ms);
}

// Of minutes in the order of time; those before it are in `into`.
void merge(Version& into, const Version& next) {
  auto& all = into.values;
  const auto& more = next.values;
  all[Version::high] = std::max(all[Version::high], more[Version::high]);
  all[Version::low] = std::min(all[Version::low], more[Version::low]);
  for (const auto last : {Version::close, Version::last}) all[last] = more[last];
  for (const auto sum : {Version::volume, Version::turnover, Version::trades, Version::buy_volume,
                         Version::buy_turnover})
    all[sum] += more[sum];
}

// One candle table, snapshot by snapshot.
struct CandleTable {
  std::unique_ptr<TableHistory> history;
  std::vector<Candles> candles;  // one a snapshot
};

class CandleAuditor {
 public:
  CandleAuditor(World& world, iceberg::Catalog& catalog, const Expected& expected, Verdict& verdict,
                HeadOffsets& offsets)
      : world_(world),
        catalog_(catalog),
        expected_(expected),
        verdict_(verdict),
        offsets_(offsets),
        revisions_(world, catalog, {"silver", "candle_revisions"}, verdict.findings) {}

  void run() {
    for (const auto& interval : intervals) read(interval);
    if (!revisions_.snapshots().empty())
      offsets_[revisions_.ident()] = revisions_.snapshots().back().offsets;
    for (const auto& interval : intervals) judge_head(interval);
    every_commit();
  }

 private:
  void read(const Interval& interval) {
    auto& table = tables_[interval.name];
    table.history = std::make_unique<TableHistory>(
        world_, catalog_, iceberg::TableIdent{"silver", "candles_" + interval.name},
        verdict_.findings);
    for (const auto& view : table.history->snapshots()) {
      Candles all;
      for (const auto& file : view.files) read_file(*table.history, file, "", all);
      for (const auto& [key, versions] : all) {
        if (versions.size() > 1) table.history->finding("two rows for one candle: " + name_of(key));
      }
      table.candles.push_back(std::move(all));
    }
    if (!table.history->snapshots().empty())
      offsets_[table.history->ident()] = table.history->snapshots().back().offsets;
  }

  // Of one interval only, where there is a column that says.
  void read_file(TableHistory& history, const iceberg::DataFile& file, const std::string& interval,
                 Candles& into) {
    auto columns = candle_columns;
    if (!interval.empty()) columns.emplace_back("interval");
    auto& read = files_[file.path];
    if (read == nullptr) read = history.read(file, columns);
    if (read == nullptr) return;
    const RowReader rows(*read);
    for (std::int64_t row = 0; row < rows.rows(); ++row) {
      if (!interval.empty() && rows.text(15, row) != interval) continue;
      Version version;
      for (int n = 0; n < static_cast<int>(version.values.size()); ++n) {
        const bool integer = n == Version::trades || n >= Version::first;
        version.values[static_cast<std::size_t>(n)] =
            integer ? rows.integer(n + 3, row) : rows.decimal(n + 3, row);
      }
      version.revision = rows.integer(14, row);
      into[{std::string(rows.text(0, row)), std::string(rows.text(1, row)),
            rows.integer(2, row) / 1'000}]
          .push_back(version);
    }
  }

  void judge_head(const Interval& interval) {
    auto& [history, all] = tables_[interval.name];
    Candles corrections;
    if (!revisions_.snapshots().empty()) {
      for (const auto& file : revisions_.snapshots().back().files)
        read_file(revisions_, file, interval.name, corrections);
    }
    const auto head = all.empty() ? Candles() : all.back();
    const auto& expected = expected_.candles.at(interval.name);
    for (const auto& [key, candle] : expected) {
      const auto found = head.find(key);
      if (found == head.end()) {
        history->finding("lost: " + name_of(key));
        ++verdict_.lost;
        continue;
      }
      verdict_.doubled += found->second.size() > 1;
      const auto& version = found->second.front();
      if (const auto text = text_of(version); text != candle.text) {
        history->finding(fmt::format("{} is {}, expected {}", name_of(key), text, candle.text));
        ++verdict_.lost;
      }
      check_revisions(interval.name + " " + name_of(key), version, corrections[key]);
    }
    for (const auto& [key, versions] : head) {
      if (!expected.contains(key)) history->finding("not to be there: " + name_of(key));
    }
  }

  // Each correction once, the last of them as the candle is.
  void check_revisions(const std::string& name, const Version& candle,
                       const std::vector<Version>& corrections) {
    std::set<std::int64_t> numbers;
    for (const auto& correction : corrections) {
      if (!numbers.insert(correction.revision).second)
        revisions_.finding(fmt::format("revision {} twice: {}", correction.revision, name));
      if (correction.revision == candle.revision && correction.values != candle.values)
        revisions_.finding("the last revision is not the candle: " + name);
    }
    if (std::cmp_not_equal(numbers.size(), candle.revision) ||
        (!numbers.empty() && (*numbers.begin() != 1 || *numbers.rbegin() != candle.revision)))
      revisions_.finding(
          fmt::format("{} of {} revisions: {}", numbers.size(), candle.revision, name));
  }

  // The tables as they were together after each transaction: each move of a pointer is the table's
  // next snapshot, and those of one transaction carry one commit-id.
  void every_commit() {
    std::map<iceberg::TableIdent, std::size_t> moved;
    std::string commit_id;
    for (const auto& ident : world_.pointer_moves()) {
      const auto* history = history_of(ident);
      if (history == nullptr) continue;
      const auto n = moved[ident]++;
      if (n >= history->snapshots().size()) {
        verdict_.findings.push_back(to_string(ident) + " was moved without a snapshot");
        return;
      }
      const auto& view = history->snapshots()[n];
      const auto& id = view.snapshot->summary.at("tradelake.commit-id");
      if (id != commit_id && !commit_id.empty()) judge_commit(moved, ident);
      commit_id = id;
      for (const auto& [where, next] : view.offsets)
        reached_[where] = std::max(reached_[where], next);
    }
    if (!commit_id.empty()) judge_commit(moved, {});
  }

  const TableHistory* history_of(const iceberg::TableIdent& ident) const {
    for (const auto& [interval, table] : tables_) {
      if (table.history->ident() == ident) return table.history.get();
    }
    return ident == revisions_.ident() ? &revisions_ : nullptr;
  }

  // `next` has moved on already, for the commit after it.
  void judge_commit(const std::map<iceberg::TableIdent, std::size_t>& moved,
                    const iceberg::TableIdent& next) {
    const auto now = [&](const std::string& interval) -> const Candles& {
      static const Candles none;
      const auto& table = tables_.at(interval);
      const auto& ident = table.history->ident();
      const auto found = moved.find(ident);
      const auto count = (found == moved.end() ? 0 : found->second) - (ident == next ? 1 : 0);
      return count == 0 ? none : table.candles[count - 1];
    };
    const auto& minutes = now("1m");
    for (const auto& interval : intervals) {
      if (interval.name != "1m") judge_larger(interval, minutes, now(interval.name));
    }
  }

  void judge_larger(const Interval& interval, const Candles& minutes, const Candles& larger) {
    auto& history = *tables_.at(interval.name).history;
    std::map<CandleKey, Version> merged;
    for (const auto& [key, versions] : minutes) {
      auto start = key;
      std::get<2>(start) = std::get<2>(key) / interval.step_ms * interval.step_ms;
      const auto [into, fresh] = merged.try_emplace(start, versions.front());
      if (!fresh) merge(into->second, versions.front());
    }
    for (const auto& [key, versions] : larger) {
      const auto found = merged.find(key);
      if (found == merged.end()) {
        history.finding("without minutes: " + name_of(key));
      } else if (versions.front().values != found->second.values) {
        history.finding(fmt::format("{} is {}, its minutes are {}", name_of(key),
                                    text_of(versions.front()), text_of(found->second)));
      }
    }
    const auto& expected = expected_.candles.at(interval.name);
    for (const auto& [key, version] : merged) {
      const auto found = expected.find(key);
      if (found == expected.end()) continue;
      const auto end_ms = std::get<2>(key) + interval.step_ms;
      const auto& [where, offset, index] = found->second.first_trade;
      const bool there = larger.contains(key);
      if (there && end_ms > furthest_ms() && !marked(where, offset))
        history.finding("written before its time is over: " + name_of(key));
      if (!there && (end_ms <= watermark_ms(where) || marked(where, offset)))
        history.finding("not written although its time is over: " + name_of(key));
    }
  }

  std::int64_t watermark_ms(const log::TopicPartition& where) const {
    std::int64_t greatest_ms = INT64_MIN + lateness_ms;
    const auto next = reached_.find(where);
    const auto course = expected_.course.find(where);
    if (next == reached_.end() || course == expected_.course.end())
      return greatest_ms - lateness_ms;
    for (const auto& reached : course->second) {
      if (reached.offset < next->second) greatest_ms = std::max(greatest_ms, reached.greatest_ms);
    }
    return greatest_ms - lateness_ms;
  }

  // An idle partition follows the others.
  std::int64_t furthest_ms() const {
    std::int64_t furthest = INT64_MIN;
    for (const auto& [where, course] : expected_.course)
      furthest = std::max(furthest, watermark_ms(where));
    return furthest;
  }

  // An end marker came after that offset, and is committed.
  bool marked(const log::TopicPartition& where, std::int64_t offset) const {
    const auto next = reached_.find(where);
    const auto course = expected_.course.find(where);
    return next != reached_.end() && course != expected_.course.end() &&
           std::ranges::any_of(course->second, [&](const Reached& reached) {
             return reached.end_marker && reached.offset > offset && reached.offset < next->second;
           });
  }

  using RowReader = iceberg::RowReader;

  World& world_;
  iceberg::Catalog& catalog_;
  const Expected& expected_;
  Verdict& verdict_;
  HeadOffsets& offsets_;
  TableHistory revisions_;
  std::map<std::string, CandleTable> tables_;  // by interval
  std::map<std::string, std::shared_ptr<arrow::Table>> files_;
  std::map<log::TopicPartition, std::int64_t> reached_;  // by the commits so far
};

}  // namespace

void audit_candles(World& world, iceberg::Catalog& catalog, const Expected& expected,
                   Verdict& verdict, HeadOffsets& offsets) {
  CandleAuditor(world, catalog, expected, verdict, offsets).run();
}

}  // namespace tradelake::faults
