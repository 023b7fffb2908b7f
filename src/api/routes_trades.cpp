// /v1/trades.
#include "api/json_decimal.h"
#include "api/routes.h"
#include "core/time.h"

namespace tradelake::api {
namespace {

Answer<TradeRange> parse_range(const Query& query) {
  TL_TRY(query.only({"category", "symbol", "start", "end", "limit", "cursor"}));
  TradeRange range;
  TL_ASSIGN(range.category, query.category());
  TL_ASSIGN(const auto symbol, query.required("symbol"));
  range.symbol = symbol;
  TL_ASSIGN(const auto start, query.time_us("start"));
  TL_ASSIGN(const auto end, query.time_us("end"));
  range.from_us = start.value_or(range.from_us);
  range.to_us = end.value_or(range.to_us);
  if (range.from_us > range.to_us) {
    return bad_request("start is {}, end is {}; allowed: a start that is not after the end",
                       range.from_us / us_per_ms, range.to_us / us_per_ms);
  }
  TL_ASSIGN(const auto limit, query.integer("limit", 1, 1'000));
  range.limit = static_cast<std::size_t>(limit.value_or(100));
  if (const auto cursor = query.find("cursor")) {
    range.before = decode_cursor(*cursor);
    if (!range.before)
      return bad_request("cursor is '{}'; allowed: a next_cursor of an earlier answer",
                         shown(*cursor));
  }
  return range;
}

void write_flag(iceberg::JsonWriter& json, std::string_view name, bronze::Flag flag) {
  if (flag != bronze::Flag::absent) json.key(name).boolean(flag == bronze::Flag::yes);
}

void write(iceberg::JsonWriter& json, const ServedTrade& trade) {
  json.open_object().member("trade_id", trade.key.id).member("side", to_string(trade.key.side));
  json.member("price", to_string(trade.price)).member("size", to_string(trade.size));
  json.member("trade_time", trade.key.time_us / us_per_ms);
  if (trade.seq) json.member("seq", *trade.seq);
  if (!trade.tick_direction.empty()) json.member("tick_direction", trade.tick_direction);
  write_flag(json, "block_trade", trade.block_trade);
  write_flag(json, "rpi", trade.rpi);
  json.close_object();
}

}  // namespace

Answer<Response> get_trades(Lake& lake, const Query& query) {
  TL_ASSIGN(const auto range, parse_range(query));
  TL_ASSIGN(const auto page, answer(lake.trades.find(range)));
  iceberg::JsonWriter json;
  json.open_object().member("category", to_string(range.category)).member("symbol", range.symbol);
  json.key("trades").open_array();
  for (const auto& trade : page.trades) write(json, trade);
  json.close_array().key("next_cursor");
  if (page.next) {
    json.string(encode_cursor(*page.next));
  } else {
    json.raw("null");
  }
  json.close_object();
  return Response{200, "application/json", std::move(json).take(), {}};
}

}  // namespace tradelake::api
