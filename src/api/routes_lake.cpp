// /v1/markets, /v1/tables, /v1/status: what there is and how it is doing.
#include <algorithm>
#include <charconv>

#include "api/routes.h"
#include "core/time.h"
#include "iceberg/json_writer.h"
#include "iceberg/schema_json.h"

namespace tradelake::api {
namespace {

using iceberg::JsonWriter;

constexpr std::int64_t rows_to_find_markets = 300'000;

Response json_answer(JsonWriter json) {
  return {200, "application/json", std::move(json).take(), {}};
}

// A total of the head's summary; nothing if its writer left it out.
std::optional<std::int64_t> total(const iceberg::TableMetadata& metadata, const std::string& name) {
  const auto* snapshot = metadata.current_snapshot();
  if (snapshot == nullptr) return 0;
  const auto found = snapshot->summary.find(name);
  if (found == snapshot->summary.end()) return std::nullopt;
  std::int64_t number = 0;
  const auto& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

JsonWriter& integer_or_null(JsonWriter& json, std::string_view name,
                            std::optional<std::int64_t> value) {
  json.key(name);
  return value ? json.integer(*value) : json.raw("null");
}

// Nothing for a time that has not come yet.
std::optional<std::int64_t> ms(std::int64_t time_us) {
  return time_us == 0 ? std::nullopt : std::optional(time_us / us_per_ms);
}

void write_head(JsonWriter& json, const iceberg::Table& table) {
  const auto* snapshot = table.metadata->current_snapshot();
  json.member("namespace", table.ident.name_space).member("name", table.ident.name);
  json.member("metadata_location", table.metadata_location);
  // As text: ids use all 63 bits, and JavaScript has 53.
  json.key("snapshot_id");
  if (snapshot != nullptr) {
    json.string(std::to_string(snapshot->id.value));
  } else {
    json.raw("null");
  }
  integer_or_null(json, "total_records", total(*table.metadata, "total-records"));
  integer_or_null(json, "total_files", total(*table.metadata, "total-data-files"));
  integer_or_null(json, "total_bytes", total(*table.metadata, "total-files-size"));
  integer_or_null(json, "last_commit",
                  snapshot == nullptr ? std::nullopt : std::optional(snapshot->timestamp_ms));
}

struct MarketLine {
  std::string last_price;
  std::int64_t last_trade_us = 0;
  std::int64_t trades = 0;
};
using MarketKey = std::pair<bybit::Category, std::string>;

Answer<std::map<MarketKey, MarketLine>> all_markets(Lake& lake) {
  std::map<MarketKey, MarketLine> lines;
  {
    const std::lock_guard lock(lake.markets_mutex);
    if (!lake.stored_markets) {
      TL_ASSIGN(lake.stored_markets, answer(lake.candles.newest_of_markets(rows_to_find_markets)));
    }
    for (const auto& row : *lake.stored_markets) {
      lines[{row.category, row.symbol}] = {to_string(row.close), row.last_trade_time_us, 0};
    }
  }
  for (const auto& market : lake.context.candles.markets()) {
    auto& line = lines[{market.category, market.symbol}];
    line.trades = market.trades;
    if (market.last_trade_us < line.last_trade_us) continue;
    line.last_price = to_string(market.last_price);
    line.last_trade_us = market.last_trade_us;
  }
  return lines;
}

// Nothing while the log does not answer, or no partition is this process's.
std::optional<std::int64_t> lag(const SourceStatus& source, const bronze::Pipeline& pipeline) {
  const auto consumed = pipeline.consumed_offsets();
  if (source.log.empty() || consumed.empty()) return std::nullopt;
  return log::records_ahead(source.log, consumed);
}

void write_pipeline(JsonWriter& json, const bronze::CommitCounts& counts, std::int64_t commits,
                    std::int64_t last_commit_us, std::int64_t took_us,
                    std::optional<std::int64_t> lag) {
  json.member("in", counts.in).member("rows", counts.ok).member("dead_letters", counts.dead);
  json.member("filtered", counts.filtered).member("commits", commits);
  integer_or_null(json, "last_commit", ms(last_commit_us)).member("last_commit_took_us", took_us);
  integer_or_null(json, "lag_records", lag);
}

void write_source(JsonWriter& json, const SourceStatus& source) {
  json.open_object().member("name", source.name).member("state", source.state);
  json.member("reconnects", static_cast<std::int64_t>(source.reconnects));
  integer_or_null(json, "last_frame", ms(source.last_frame_ns / 1000));
  json.member("frames", source.collector.frames.logged).member("bytes", source.collector.bytes);
  json.member("dropped_frames", source.collector.dropped);
  json.member("queued_bytes", static_cast<std::int64_t>(source.collector.queued_bytes))
      .close_object();
}

}  // namespace

Answer<Response> get_markets(Lake& lake, const Query& query) {
  TL_TRY(query.only({}));
  TL_ASSIGN(const auto lines, all_markets(lake));
  JsonWriter json;
  json.open_object().key("markets").open_array();
  for (const auto& [market, line] : lines) {
    json.open_object().member("category", to_string(market.first)).member("symbol", market.second);
    json.member("last_price", line.last_price);
    integer_or_null(json, "last_trade_time", ms(line.last_trade_us))
        .member("trades", line.trades)
        .close_object();
  }
  json.close_array().close_object();
  return json_answer(std::move(json));
}

Answer<Response> get_tables(Lake& lake, const Query& query) {
  TL_TRY(query.only({}));
  TL_ASSIGN(const auto names, answer(lake.context.catalog.list_tables()));
  JsonWriter json;
  json.open_object().key("tables").open_array();
  for (const auto& name : names) {
    TL_ASSIGN(const auto table,
              answer(iceberg::load_table(lake.context.catalog, lake.context.io, name)));
    json.open_object();
    write_head(json, table);
    json.close_object();
  }
  json.close_array().close_object();
  return json_answer(std::move(json));
}

Answer<Response> get_table(Lake& lake, const std::string& name_space, const std::string& name,
                           const Query& query) {
  TL_TRY(query.only({}));
  const auto table = iceberg::load_table(lake.context.catalog, lake.context.io, {name_space, name});
  if (!table && table.error().code == Errc::not_found) {
    return std::unexpected(
        Problem{404, fmt::format("there is no table {}.{}; /v1/tables has them all",
                                 shown(name_space), shown(name))});
  }
  if (!table) return std::unexpected(to_problem(table.error()));
  JsonWriter json;
  json.open_object();
  write_head(json, *table);
  json.key("schema").raw(iceberg::to_json(table->metadata->schema()));
  iceberg::write_json(json.key("partition_spec"), table->metadata->spec());
  json.close_object();
  return json_answer(std::move(json));
}

Answer<Response> get_status(Lake& lake, const Query& query) {
  TL_TRY(query.only({}));
  const auto source = lake.context.source();
  const auto sink = lake.context.sink.status();
  const auto candles = lake.context.candles.status();
  std::optional<std::int64_t> stored_trades;
  lake.context.sink.view([&](const iceberg::Table& table, auto, const bronze::MarketTable&) {
    stored_trades = total(*table.metadata, "total-records");
  });
  JsonWriter json;
  json.open_object().member("time", now_ms());
  write_source(json.key("source"), source);
  json.key("bronze").open_object();
  write_pipeline(json, sink.committed, sink.commits, sink.last_commit_us, sink.last_commit_took_us,
                 lag(source, lake.context.sink));
  json.key("dead_letters_by_reason").open_object();
  for (const auto& [reason, count] : sink.dead_by_reason) json.member(reason, count);
  json.close_object().member("uncommitted_rows", static_cast<std::int64_t>(sink.uncommitted_rows));
  integer_or_null(json, "total_rows", stored_trades).close_object();
  json.key("silver").open_object();
  write_pipeline(json, candles.committed, candles.commits, candles.last_commit_us,
                 candles.last_commit_took_us, lag(source, lake.context.candles));
  json.member("late_trades", candles.late_trades)
      .member("candles_written", candles.candles_written);
  json.member("candles_revised", candles.candles_revised).member("null_sums", candles.null_sums);
  json.member("open_candles", static_cast<std::int64_t>(candles.open_candles));
  integer_or_null(json, "total_rows", total(*lake.context.candles.head().metadata, "total-records"))
      .close_object();
  json.close_object();
  return json_answer(std::move(json));
}

}  // namespace tradelake::api
