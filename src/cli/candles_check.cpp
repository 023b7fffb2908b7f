// `tradelake candles check`: our candles held against the exchange's own.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/candle_range.h"
#include "cli/command.h"
#include "cli/opened_lake.h"
#include "core/event_log.h"
#include "core/time.h"
#include "iceberg/json_writer.h"
#include "silver/candle_check.h"

namespace tradelake::cli {
namespace {

struct Wish {
  CandleRangeFlags range;
  std::string interval = "1m";
  bool json = false;
};

Result<silver::CheckRequest> parse(const Wish& wish, const Settings& settings) {
  silver::CheckRequest request;
  request.interval =
      std::ranges::find(silver::stored_intervals, wish.interval, &silver::StoredInterval::name);
  if (request.interval == silver::stored_intervals.end()) {
    return make_error(Errc::invalid_argument, "--interval is '{}'; allowed: 1m, 5m, 1h, 4h, 1d",
                      wish.interval);
  }
  const auto unit = wish.interval == "1m" ? "a minute" : fmt::format("a {} candle", wish.interval);
  TL_ASSIGN(auto range, wish.range.parse(request.interval->step_us, unit));
  request.from_us = range.from_us;
  request.to_us = range.to_us;
  request.markets = std::move(range.markets);
  request.grace_us = settings.duration_us("candles.grace");
  request.bronze_retention_us = settings.duration_us("retention.bronze");
  return request;
}

std::string text_of(const std::optional<Decimal>& value) {
  return value ? to_string(*value) : "none";
}

void print(const silver::CandleDifference& one, std::string_view interval) {
  std::string reasons;
  for (const auto& [name, detail] : one.reasons) {
    reasons += fmt::format("{}{}", reasons.empty() ? "" : ", ", name);
    if (!detail.empty()) reasons += fmt::format(" ({})", detail);
  }
  fmt::print("{} {}:{} {} {} {}, the exchange has {}, difference {}: {}\n", interval,
             to_string(one.category), one.symbol, format_us(one.open_time_us), one.field,
             text_of(one.ours), to_string(one.exchange), text_of(one.difference),
             reasons.empty() ? "no known reason" : reasons);
}

void print(const silver::CheckCounts& counts) {
  fmt::print("{} candles compared: {} equal, {} different; {} without kline", counts.compared,
             counts.equal, counts.different, counts.without_kline);
  if (counts.rounded > 0)
    fmt::print("; {} of the equal ones but for the rounding of inverse turnover", counts.rounded);
  if (counts.not_written > 0)
    fmt::print("; {} are not written yet by the candles pipeline", counts.not_written);
  fmt::print("\n");
}

void write(iceberg::JsonWriter& json, const silver::CandleDifference& one) {
  const auto value = [&](std::string_view name, const std::optional<Decimal>& number) {
    json.key(name);
    number ? json.string(to_string(*number)) : json.raw("null");
  };
  json.open_object()
      .member("category", to_string(one.category))
      .member("symbol", one.symbol)
      .member("open_time", format_us(one.open_time_us))
      .member("field", one.field);
  value("ours", one.ours);
  value("exchange", one.exchange);
  value("difference", one.difference);
  json.key("reasons").open_array();
  for (const auto& [name, detail] : one.reasons)
    json.open_object().member("reason", name).member("detail", detail).close_object();
  json.close_array().close_object();
}

std::string as_json(const Wish& wish, const silver::CheckRequest& request,
                    const silver::CheckCounts& counts,
                    const std::vector<silver::CandleDifference>& differences) {
  iceberg::JsonWriter json;
  json.open_object()
      .member("interval", wish.interval)
      .member("from", format_us(request.from_us))
      .member("to", format_us(request.to_us))
      .member("compared", counts.compared)
      .member("equal", counts.equal)
      .member("different", counts.different)
      .member("rounded", counts.rounded)
      .member("without_kline", counts.without_kline)
      .member("not_written", counts.not_written)
      .key("differences")
      .open_array();
  for (const auto& one : differences) write(json, one);
  json.close_array().close_object();
  return std::move(json).take();
}

// Whether nothing differs.
Result<bool> check(const SettingFlags& flags, const Wish& wish) {
  TL_ASSIGN(const auto settings, flags.load());
  TL_ASSIGN(const auto request, parse(wish, settings));
  start_event_log(settings.text("log_level"));
  TL_ASSIGN(const auto lake, OpenedLake::open_to_look(settings));
  std::vector<silver::CandleDifference> differences;  // of JSON, which is one document
  TL_ASSIGN(const auto counts, silver::check_candles(*lake.catalog, *lake.io, request, now_us(),
                                                     [&](const silver::CandleDifference& one) {
                                                       if (wish.json) {
                                                         differences.push_back(one);
                                                       } else {
                                                         print(one, wish.interval);
                                                       }
                                                     }));
  if (wish.json) {
    fmt::print("{}\n", as_json(wish, request, counts, differences));
  } else {
    print(counts);
  }
  return counts.different == 0;
}

}  // namespace

void add_candles_check(CLI::App& candles, Run& run) {
  auto* command = candles.add_subcommand(
      "check", "Compares closed candles with the exchange's own; exit 1 if any differs");
  auto flags = SettingFlags::add(*command, {"data_dir", "log", "catalog", "warehouse"});
  auto wish = std::make_shared<Wish>();
  wish->range.add(*command);
  command->add_option("--interval", wish->interval, "1m, 5m, 1h, 4h or 1d")->capture_default_str();
  command->add_flag("--json", wish->json, "One JSON document");
  command->callback(
      [flags, wish, &run] { run = [flags, wish] { return exit_status(check(*flags, *wish)); }; });
}

}  // namespace tradelake::cli
