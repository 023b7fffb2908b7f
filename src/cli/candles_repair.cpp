// `tradelake candles repair`: candles of a range made again from bronze.trades.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/candle_range.h"
#include "cli/command.h"
#include "cli/opened_lake.h"
#include "core/event_log.h"
#include "core/time.h"
#include "silver/candle_repair.h"

namespace tradelake::cli {
namespace {

using silver::CandleRow;

struct Wish {
  CandleRangeFlags range;
  bool dry_run = false;
};

Result<silver::RepairRequest> parse(const Wish& wish, const Settings& settings) {
  silver::RepairRequest request;
  TL_ASSIGN(auto range, wish.range.parse(us_per_minute, "a minute"));
  request.from_us = range.from_us;
  request.to_us = range.to_us;
  request.markets = std::move(range.markets);
  request.grace_us = settings.duration_us("candles.grace");
  request.bronze_retention_us = settings.duration_us("retention.bronze");
  request.minutes_retention_us = settings.duration_us("retention.candles_1m");
  return request;
}

// What differs, "close 1 -> 2".
std::string fields_of(const CandleRow& stored, const CandleRow& made) {
  std::string text;
  const auto compare = [&](const char* name, const auto& was, const auto& is, const auto& shown) {
    if (was == is) return;
    text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", name, shown(was), shown(is));
  };
  const auto number = [](Decimal value) { return to_string(value); };
  const auto sum = [](std::optional<Decimal> value) { return value ? to_string(*value) : "null"; };
  const auto count = [](std::int64_t value) { return fmt::to_string(value); };
  compare("open", stored.open, made.open, number);
  compare("high", stored.high, made.high, number);
  compare("low", stored.low, made.low, number);
  compare("close", stored.close, made.close, number);
  compare("volume", stored.volume, made.volume, sum);
  compare("turnover", stored.turnover, made.turnover, sum);
  compare("trades", stored.trades, made.trades, count);
  compare("buy_volume", stored.buy_volume, made.buy_volume, sum);
  compare("buy_turnover", stored.buy_turnover, made.buy_turnover, sum);
  compare("first_trade_time", stored.first_trade_time_us, made.first_trade_time_us, format_us);
  compare("last_trade_time", stored.last_trade_time_us, made.last_trade_time_us, format_us);
  return text;
}

void print(const silver::RepairChanges::Difference& one) {
  const auto& row = one.made ? *one.made : one.stored->row;
  std::string what;
  if (!one.stored) {
    what = fmt::format("is missing -> {} trades, open {}, high {}, low {}, close {}, volume {}",
                       row.trades, to_string(row.open), to_string(row.high), to_string(row.low),
                       to_string(row.close), row.volume ? to_string(*row.volume) : "null");
  } else if (!one.made) {
    what = fmt::format("{} trades -> no trade accounts for it", row.trades);
  } else {
    what = fields_of(one.stored->row, *one.made);
  }
  if (one.stored && one.stored->times > 1) {
    what = fmt::format("is there {} times{}{}", one.stored->times, what.empty() ? "" : ", ", what);
  }
  fmt::print("{} {}:{} {} {}\n", one.interval->name, to_string(row.category), row.symbol,
             format_us(row.open_time_us), what);
}

void print(const silver::RepairPlan& plan, bool dry_run) {
  for (const auto& one : plan.changes.shown()) print(one);
  const auto shown = static_cast<std::int64_t>(plan.changes.shown().size());
  if (plan.changes.differences() > shown)
    fmt::print("… and {} more\n", plan.changes.differences() - shown);
  if (plan.left > 0) {
    fmt::print("{} minutes from {} on are not written yet: left to the candles pipeline\n",
               plan.left, format_us(*plan.left_from_us));
  }
  const auto& changes = plan.changes.of_intervals();
  const auto& minutes = changes.front();
  std::size_t larger = 0;
  for (std::size_t n = 1; n < changes.size(); ++n) larger += changes[n].count();
  fmt::print(
      "{}{} minutes compared: {} revised, {} written, {} removed; {} larger candles changed; "
      "{} late trades taken in\n",
      dry_run ? "nothing was changed: " : "", plan.compared, minutes.revised.size(),
      minutes.fresh.size() + minutes.restored.size(), minutes.removed.size(), larger,
      plan.late.trades());
}

Result<> commit(OpenedLake& lake, silver::RepairPlan& plan) {
  auto done = silver::commit_repair(*lake.catalog, *lake.io, plan);
  if (done || done.error().code != Errc::fenced) return done;
  return in_context(std::move(done).error(),
                    "nothing was changed: the candles pipeline runs; stop it, and repair again");
}

// Whether the candles are as they should be at the end.
Result<bool> repair(const SettingFlags& flags, const Wish& wish) {
  constexpr int most_attempts = 3;
  TL_ASSIGN(const auto settings, flags.load());
  TL_ASSIGN(const auto request, parse(wish, settings));
  start_event_log(settings.text("log_level"));
  // What is not there is not made; and nobody else may be at an embedded lake meanwhile.
  TL_ASSIGN(auto lake, OpenedLake::open_to_look(settings));
  if (!wish.dry_run) {
    TL_ASSIGN(lake, OpenedLake::open_to_run(settings));
  }
  for (int attempt = 1;; ++attempt) {
    TL_ASSIGN(auto plan, silver::plan_repair(*lake.catalog, *lake.io, request, now_us()));
    Result<> done;
    if (!wish.dry_run && !plan.empty()) done = commit(lake, plan);
    // Others have changed the tables since they were read: anew, on what they are now.
    if (!done && (done.error().code == Errc::conflict || done.error().code == Errc::not_found) &&
        attempt < most_attempts)
      continue;
    if (!done) return std::unexpected(done.error());
    print(plan, wish.dry_run && !plan.empty());
    return plan.empty() || !wish.dry_run;
  }
}

}  // namespace

void add_candles_repair(CLI::App& candles, Run& run) {
  auto* command = candles.add_subcommand(
      "repair", "Makes the candles of a range from bronze.trades again, late trades among them");
  auto flags = SettingFlags::add(*command, {"data_dir", "log", "catalog", "warehouse"});
  auto wish = std::make_shared<Wish>();
  wish->range.add(*command);
  command->add_flag("--dry-run", wish->dry_run, "Only tell what differs; exit 1 if anything does");
  command->callback(
      [flags, wish, &run] { run = [flags, wish] { return exit_status(repair(*flags, *wish)); }; });
}

}  // namespace tradelake::cli
