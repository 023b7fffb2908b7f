#include "silver/candle_repair.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "bronze/commit_summary.h"
#include "bronze/held.h"
#include "bronze/sink.h"
#include "bronze/tables.h"
#include "bronze/take_over.h"
#include "core/time.h"
#include "iceberg/transaction.h"
#include "silver/bronze_minutes.h"
#include "silver/candles.h"
#include "silver/larger_of_day.h"
#include "silver/sealed_commit.h"
#include "silver/stored_span.h"

namespace tradelake::silver {
namespace {

const iceberg::TableIdent trades_ident{"bronze", "trades"};

struct Heads {
  SilverTables silver;
  iceberg::Table trades;
  std::vector<iceberg::ProgressRow> of_candles, of_bronze;
};

// Each pipeline's tables as they were together with its progress.
Result<Heads> load_heads(iceberg::Catalog& catalog, iceberg::FileIo& io) {
  Heads heads;
  const auto declared = heads.silver.declared();
  std::vector<iceberg::TableIdent> names;
  for (const auto& [table, definition] : declared) names.push_back(definition.ident);
  TL_ASSIGN(auto silver, catalog.cut(names, Candles::pipeline));
  for (std::size_t n = 0; n < names.size(); ++n) {
    TL_ASSIGN(*declared[n].first,
              iceberg::load_table_at(io, names[n], std::move(silver.locations[n])));
  }
  heads.of_candles = std::move(silver.progress);
  TL_ASSIGN(auto bronze, catalog.cut({&trades_ident, 1}, bronze::Sink::pipeline));
  TL_ASSIGN(heads.trades,
            iceberg::load_table_at(io, trades_ident, std::move(bronze.locations.front())));
  heads.of_bronze = std::move(bronze.progress);
  return heads;
}

class Planner {
 public:
  Planner(Heads heads, LogReach reach, iceberg::FileIo& io, const RepairRequest& request,
          std::int64_t now_us)
      : io_(io),
        reach_(std::move(reach)),
        filter_(request.markets),
        now_us_(now_us),
        trades_(heads.trades),
        bronze_(std::move(heads.trades), io, reach_, filter_, markets_),
        plan_{request, TakenLateTrades(heads.silver.late_trades, io), std::move(heads.silver),
              std::move(heads.of_candles), RepairChanges(now_us, request.most_shown)} {}

  Result<RepairPlan> run() {
    TL_TRY(check_held());
    const auto [from_us, to_us] = range();
    for (auto day_us = floor_to(from_us, us_per_day); day_us < to_us; day_us += us_per_day)
      TL_TRY(repair_day(day_us));
    TL_TRY(check_markets());
    TL_TRY(plan_.changes.continue_revisions(plan_.tables.revisions, io_));
    return std::move(plan_);
  }

 private:
  std::pair<std::int64_t, std::int64_t> range() const {
    return {plan_.request.from_us, plan_.request.to_us};
  }

  Result<> refuse(const std::string& why, const std::string& instead) const {
    const auto [from_us, to_us] = range();
    return make_error(Errc::invalid_argument, "candles of {} to {} cannot be repaired: {}; {}",
                      format_us(from_us), format_us(to_us), why, instead);
  }

  Result<> check_held() const {
    const auto& request = plan_.request;
    TL_ASSIGN(const auto trades,
              bronze::time_extent(trades_, bronze::trades_table().schema, "trade_time", io_));
    if (!trades) return refuse("bronze.trades is empty", "there is nothing to make them from");
    const auto held_us =
        bronze::kept_from_us(*trades, request.bronze_retention_us, us_per_hour, now_us_);
    if (request.from_us < held_us) {
      return refuse(fmt::format("bronze.trades holds all trades from {} on only "
                                "(retention.bronze, or nothing older ever came)",
                                format_us(held_us)),
                    fmt::format("ask for --from {} or later", format_us(held_us)));
    }
    if (request.to_us > reach_.whole_until_us()) {
      return refuse(
          reach_.whole_until_us() == INT64_MIN
              ? "bronze.trades is behind the candles in the log"
              : fmt::format("bronze.trades is behind the candles in the log, and has all trades of "
                            "minutes up to {} only",
                            format_us(reach_.whole_until_us())),
          "start the sink until it has caught up, or ask for an earlier --to");
    }
    TL_ASSIGN(const auto minutes,
              bronze::time_extent(plan_.tables.minutes(), candle_schema(), "open_time", io_));
    if (!minutes) return {};
    // Not from the oldest one on: what the table lacks is what is repaired.
    const auto kept_us =
        request.minutes_retention_us == 0
            ? INT64_MIN
            : floor_to(std::min(now_us_, minutes->newest_us) - request.minutes_retention_us,
                       us_per_day);
    if (request.from_us >= kept_us) return {};
    return refuse(fmt::format("silver.candles_1m keeps its rows from {} on only "
                              "(retention.candles_1m)",
                              format_us(kept_us)),
                  fmt::format("ask for --from {} or later", format_us(kept_us)));
  }

  // Hour by hour where it is of the range; of the rest of the day the minutes are taken as stored.
  Result<> repair_day(std::int64_t day_us) {
    const auto [from_us, to_us] = range();
    const auto begin_us = std::max(from_us, day_us), end_us = std::min(to_us, day_us + us_per_day);
    LargerOfDay larger(day_us, from_us, to_us, markets_);
    const auto as_stored = [&](CandleRow row) { larger.add(row); };
    TL_TRY(visit_stored(plan_.tables.minutes(), io_, day_us, begin_us, filter_, as_stored));
    for (auto at_us = begin_us; at_us < end_us;) {
      const auto until_us = std::min(floor_to(at_us, us_per_hour) + us_per_hour, end_us);
      TL_TRY(repair_minutes(at_us, until_us, larger));
      at_us = until_us;
    }
    TL_TRY(
        visit_stored(plan_.tables.minutes(), io_, end_us, day_us + us_per_day, filter_, as_stored));
    return larger.compare(plan_.tables, io_, reach_, filter_, plan_.changes);
  }

  Result<> repair_minutes(std::int64_t from_us, std::int64_t to_us, LargerOfDay& larger) {
    struct Minute {
      std::optional<CandleRow> made;
      std::optional<StoredCandle> stored;
    };
    std::map<std::pair<std::int64_t, bronze::MarketIndex>, Minute> minutes;
    TL_TRY(plan_.late.load(from_us, to_us, filter_));
    TL_ASSIGN(auto book, bronze_.make(from_us, to_us, plan_.late));
    book.for_each(
        [&](std::int64_t open_time_us, bronze::MarketIndex market, const BookEntry& entry) {
          const auto& name = markets_.name(market);
          minutes[{open_time_us, market}].made =
              to_row(name.category, name.symbol, open_time_us, entry.candle);
        });
    TL_TRY(visit_stored(plan_.tables.minutes(), io_, from_us, to_us, filter_, [&](CandleRow row) {
      const auto market = markets_.index_of(row.category, row.symbol);
      auto& stored = minutes[{row.open_time_us, market}].stored;
      take_in(stored, std::move(row));
    }));
    for (auto& [key, minute] : minutes) {
      const auto& [open_time_us, market] = key;
      const auto& name = markets_.name(market);
      if (!minute.stored &&
          reach_.may_be_written(name.category, name.symbol, open_time_us, us_per_minute)) {
        ++plan_.left;
        plan_.left_from_us = std::min(plan_.left_from_us.value_or(open_time_us), open_time_us);
        continue;
      }
      ++plan_.compared;
      if (minute.made) larger.add(*minute.made);
      plan_.changes.compare(0, minute.stored, std::move(minute.made));
    }
    return {};
  }

  // Of markets that are named and have nothing in the range: whether there are such ones at all.
  Result<> check_markets() {
    auto unseen = filter_.unseen();
    if (unseen.empty()) return {};
    MarketFilter anywhere(unseen);
    TL_TRY(visit_stored(plan_.tables.minutes(), io_, 0, INT64_MAX, anywhere, [](CandleRow) {}));
    std::string names;
    for (const auto& market : anywhere.unseen())
      names += (names.empty() ? "" : ", ") + to_string(market);
    if (names.empty()) return {};
    return make_error(Errc::invalid_argument,
                      "symbols: there is no trade in the range and no candle at all of {}", names);
  }

  iceberg::FileIo& io_;
  const LogReach reach_;
  MarketFilter filter_;
  const std::int64_t now_us_;
  bronze::MarketTable markets_;
  const iceberg::Table trades_;
  BronzeMinutes bronze_;
  RepairPlan plan_;
};

}  // namespace

Result<RepairPlan> plan_repair(iceberg::Catalog& catalog, iceberg::FileIo& io,
                               const RepairRequest& request, std::int64_t now_us) {
  TL_TRY(bronze::check_not_sparks(catalog, Candles::pipeline));
  TL_ASSIGN(auto heads, load_heads(catalog, io));
  TL_ASSIGN(auto reach, LogReach::compare(heads.of_candles, heads.of_bronze, request.grace_us));
  TL_TRY(reach.look_for_ends(heads.silver.minutes(), io, now_us));
  return Planner(std::move(heads), std::move(reach), io, request, now_us).run();
}

Result<> commit_repair(iceberg::Catalog& catalog, iceberg::FileIo& io, RepairPlan& plan) {
  std::vector<iceberg::ProgressUpdate> updates;
  for (const auto& row : plan.progress) {
    updates.push_back({row, row});
    // Whoever still works with the tables as they were is fenced.
    ++updates.back().updated.epoch;
  }
  const auto commit_id = bronze::new_commit_id();
  auto note = bronze::repair_note(Candles::pipeline, commit_id, updates);
  bronze::add_counts(note, {});  // it moves no offset: a rollback may go back over it
  note.summary["tradelake.repaired"] =
      fmt::format("{}/{}", format_us(plan.request.from_us), format_us(plan.request.to_us));
  std::vector<const CandleChange*> changes;
  for (const auto& change : plan.changes.of_intervals()) changes.push_back(&change);
  iceberg::Transaction transaction(catalog, io);
  TL_TRY(add_candles(transaction, changes, note, plan.tables));
  TL_ASSIGN(auto late, plan.late.action(transaction.new_files(), note));
  if (late != nullptr) transaction.add(plan.tables.late_trades, std::move(late));
  transaction.set_progress(Candles::pipeline, commit_id, std::move(updates));
  return transaction.commit(/*max_attempts=*/1);
}

}  // namespace tradelake::silver
