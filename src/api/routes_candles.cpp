// /v1/candles, and the same candles in Bybit's form.
#include "api/json_decimal.h"
#include "api/routes.h"
#include "core/time.h"

namespace tradelake::api {
namespace {

constexpr std::int64_t most_candles = 1'000;
constexpr int bybit_parameter_error = 10001;
constexpr int bybit_server_error = 10016;

Answer<std::string> symbol_of(const Query& query) {
  TL_ASSIGN(const auto symbol, query.required("symbol"));
  if (symbol.size() > 128)
    return bad_request("symbol is '{}'; allowed: at most 128 bytes", shown(symbol));
  return std::string(symbol);
}

Answer<void> check_order(const CandleRange& range) {
  if (range.from_us && range.to_us && *range.from_us > *range.to_us) {
    return bad_request("start is {}, end is {}; allowed: a start that is not after the end",
                       *range.from_us / us_per_ms, *range.to_us / us_per_ms);
  }
  return {};
}

Answer<CandleRange> parse_range(const Query& query) {
  TL_TRY(query.only(
      {"category", "symbol", "interval", "start", "end", "limit", "fill", "consistency"}));
  CandleRange range;
  TL_ASSIGN(range.category, query.category());
  TL_ASSIGN(range.symbol, symbol_of(query));
  const auto interval = query.find("interval").value_or("1m");
  const auto found = find_interval(interval);
  if (!found)
    return bad_request("interval is '{}'; allowed: {}", shown(interval), interval_names());
  range.interval = *found;
  TL_ASSIGN(range.from_us, query.time_us("start"));
  TL_ASSIGN(range.to_us, query.time_us("end"));
  TL_TRY(check_order(range));
  TL_ASSIGN(const auto limit, query.integer("limit", 1, most_candles));
  range.limit = static_cast<std::size_t>(limit.value_or(500));
  TL_ASSIGN(const auto fill, query.one_of("fill", {"none", "prev"}));
  range.fill = fill == "prev";
  TL_ASSIGN(const auto consistency, query.one_of("consistency", {"live", "lake"}));
  range.lake_only = consistency == "lake";
  return range;
}

void write(iceberg::JsonWriter& json, const ServedCandle& candle) {
  const auto& row = candle.row;
  json.open_object().member("open_time", row.open_time_us / us_per_ms);
  json.member("open", to_string(row.open)).member("high", to_string(row.high));
  json.member("low", to_string(row.low)).member("close", to_string(row.close));
  write_sum(json.key("volume"), row.volume);
  write_sum(json.key("turnover"), row.turnover);
  json.member("trades", row.trades);
  write_sum(json.key("buy_volume"), row.buy_volume);
  write_sum(json.key("buy_turnover"), row.buy_turnover);
  json.member("revision", row.revision).key("closed").boolean(candle.closed);
  if (candle.filled) json.key("filled").boolean(true);
  if (candle.in_gap) json.key("gap").boolean(true);
  json.close_object();
}

void write(iceberg::JsonWriter& json, const silver::CoverageGap& gap) {
  json.open_object().member("start", gap.span.from_us / us_per_ms);
  json.member("end", -floor_div(-gap.span.to_us, us_per_ms)).member("cause", gap.span.cause);
  json.member("status", gap.status).close_object();
}

// As Bybit has it: the end is inclusive, and there is no `fill`.
Answer<CandleRange> parse_bybit_range(const Query& query) {
  CandleRange range;
  TL_ASSIGN(range.category, query.category(bybit::Category::linear));
  TL_ASSIGN(range.symbol, symbol_of(query));
  TL_ASSIGN(const auto interval, query.required("interval"));
  const auto found = find_bybit_interval(interval);
  if (!found)
    return bad_request("interval is '{}'; allowed: {}", shown(interval), bybit_interval_names());
  range.interval = *found;
  TL_ASSIGN(range.from_us, query.time_us("start"));
  TL_ASSIGN(range.to_us, query.time_us("end"));
  TL_TRY(check_order(range));
  if (range.to_us) *range.to_us += us_per_ms;
  TL_ASSIGN(const auto limit, query.integer("limit", 1, most_candles));
  range.limit = static_cast<std::size_t>(limit.value_or(200));
  return range;
}

Response bybit_envelope(int code, std::string_view message, std::string_view result) {
  iceberg::JsonWriter json;
  json.open_object().member("retCode", code).member("retMsg", message);
  json.key("result")
      .raw(result)
      .key("retExtInfo")
      .raw("{}")
      .member("time", now_ms())
      .close_object();
  return {200, "application/json", std::move(json).take(), {}};
}

Answer<std::string> bybit_list(Lake& lake, const Query& query) {
  TL_ASSIGN(const auto range, parse_bybit_range(query));
  TL_ASSIGN(const auto candles, answer(lake.candles.find_candles(range)));
  iceberg::JsonWriter json;
  json.open_object().member("category", to_string(range.category)).member("symbol", range.symbol);
  json.key("list").open_array();
  for (auto candle = candles.rbegin(); candle != candles.rend(); ++candle) {
    const auto& row = candle->row;
    json.open_array().string(std::to_string(row.open_time_us / us_per_ms));
    for (const auto price : {row.open, row.high, row.low, row.close}) json.string(to_string(price));
    write_sum(json, row.volume);
    write_sum(json, row.turnover);
    json.close_array();
  }
  json.close_array().close_object();
  return std::move(json).take();
}

}  // namespace

Answer<Response> get_candles(Lake& lake, const Query& query) {
  TL_ASSIGN(const auto range, parse_range(query));
  TL_ASSIGN(const auto found, answer(lake.candles.find(range)));
  iceberg::JsonWriter json;
  json.open_object().member("category", to_string(range.category)).member("symbol", range.symbol);
  json.member("interval", range.interval.name).key("candles").open_array();
  for (const auto& candle : found.candles) write(json, candle);
  json.close_array().key("gaps").open_array();
  for (const auto& gap : found.gaps) write(json, gap);
  json.close_array().close_object();
  return Response{200, "application/json", std::move(json).take(), {}};
}

Response get_bybit_kline(Lake& lake, const Query& query) {
  const auto list = bybit_list(lake, query);
  if (list) return bybit_envelope(0, "OK", *list);
  const int code = list.error().status == 400 ? bybit_parameter_error : bybit_server_error;
  return bybit_envelope(code, list.error().detail, "{}");
}

Response get_bybit_time() {
  const std::int64_t now = now_ns();
  iceberg::JsonWriter json;
  json.open_object().member("timeSecond", std::to_string(now / 1'000'000'000));
  json.member("timeNano", std::to_string(now)).close_object();
  return bybit_envelope(0, "OK", std::move(json).take());
}

}  // namespace tradelake::api
