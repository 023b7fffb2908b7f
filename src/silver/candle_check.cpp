#include "silver/candle_check.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <arrow/table.h>

#include "bronze/held.h"
#include "bronze/sink.h"
#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "silver/candles.h"
#include "silver/difference_reasons.h"
#include "silver/log_reach.h"
#include "silver/silver_tables.h"
#include "silver/stored_span.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t steps_at_once = 240;
// Of inverse turnover: half a unit of the exchange's last decimal for each trade, and as much for
// what it adds up.
constexpr int128_t rounding_units = 10'000'000'000;

// Minutes by their number, a day by its letter.
std::string exchange_name(const StoredInterval& interval) {
  return interval.step_us == us_per_day ? "D" : std::to_string(interval.step_us / us_per_minute);
}

struct Heads {
  SilverTables silver;
  std::vector<iceberg::ProgressRow> of_candles;
  iceberg::Table klines, trades;
};

Result<Heads> load_heads(iceberg::Catalog& catalog, iceberg::FileIo& io) {
  const auto never = [](Error error, std::string_view what) {
    if (error.code != Errc::not_found) return std::unexpected(std::move(error));
    return make_error(Errc::invalid_argument, "there is nothing to check: {} ({})", what,
                      error.message);
  };
  Heads heads;
  const auto declared = heads.silver.declared();
  std::vector<iceberg::TableIdent> names;
  for (const auto& [table, definition] : declared) names.push_back(definition.ident);
  auto silver = catalog.cut(names, Candles::pipeline);
  if (!silver) return never(std::move(silver).error(), "no candle was ever stored");
  for (std::size_t n = 0; n < names.size(); ++n) {
    TL_ASSIGN(*declared[n].first,
              iceberg::load_table_at(io, names[n], std::move(silver->locations[n])));
  }
  heads.of_candles = std::move(silver->progress);
  auto klines = iceberg::load_table(catalog, io, bronze::klines_table().ident);
  if (!klines) return never(std::move(klines).error(), "no candle of the exchange was ever stored");
  heads.klines = *std::move(klines);
  TL_ASSIGN(heads.trades, iceberg::load_table(catalog, io, bronze::trades_table().ident));
  return heads;
}

struct ExchangeCandle {
  Decimal volume, turnover, close;
  std::tuple<std::int64_t, std::int64_t, std::int64_t> told;  // pushed_at, offset, index
};

using Key = std::tuple<std::int64_t, bybit::Category, std::string>;  // open_time and market
using MarketKey = std::pair<bybit::Category, std::string>;

struct Pair {
  std::optional<ExchangeCandle> exchange;
  std::optional<CandleRow> ours;
};

class Checker {
 public:
  Checker(Heads heads, std::optional<LogReach> reach, std::int64_t trades_from_us,
          iceberg::FileIo& io, const CheckRequest& request,
          const std::function<void(const CandleDifference&)>& tell)
      : io_(io),
        request_(request),
        step_us_(request.interval->step_us),
        tell_(tell),
        reach_(std::move(reach)),
        filter_(request.markets),
        klines_(std::move(heads.klines)),
        candles_(std::move(heads.silver.candles[static_cast<std::size_t>(
            request.interval - stored_intervals.data())])),
        reasons_{std::move(heads.silver.gaps), std::move(heads.silver.late_trades),
                 std::move(heads.trades), trades_from_us} {}

  Result<CheckCounts> run() {
    // Markets whose candles the exchange had told before the range.
    TL_TRY(visit_klines(request_.from_us - us_per_day, request_.from_us,
                        [&](const Key& key, const ExchangeCandle&) {
                          begun_.emplace(std::get<1>(key), std::get<2>(key));
                        }));
    for (auto at_us = request_.from_us; at_us < request_.to_us;) {
      const auto until_us = std::min(at_us + steps_at_once * step_us_, request_.to_us);
      TL_TRY(check(at_us, until_us));
      at_us = until_us;
    }
    std::string unseen;
    for (const auto& market : filter_.unseen())
      unseen += (unseen.empty() ? "" : ", ") + to_string(market);
    if (unseen.empty()) return counts_;
    return make_error(Errc::invalid_argument, "symbols: there is no candle in the range of {}",
                      unseen);
  }

 private:
  Result<> visit_klines(std::int64_t from_us, std::int64_t to_us,
                        const std::function<void(const Key&, const ExchangeCandle&)>& see) {
    static const auto declared = bronze::klines_table().schema;
    const auto metadata = iceberg::as_declared(klines_.metadata, declared);
    auto filter = iceberg::half_open("open_time", from_us, to_us);
    filter.push_back({"interval",
                      iceberg::Comparison::equal,
                      {iceberg::Value{exchange_name(*request_.interval)}}});
    TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io_, filter));
    for (const auto& file : files) {
      TL_ASSIGN(const auto rows,
                iceberg::read_data_file(*metadata, io_, file,
                                        {"category", "symbol", "open_time", "volume", "turnover",
                                         "close", "pushed_at", "_offset", "_index"},
                                        filter));
      const iceberg::RowReader reader(*rows);
      for (std::int64_t row = 0; row < reader.rows(); ++row) {
        const auto category = bybit::parse_category(reader.text(0, row));
        if (!category || !filter_.takes(*category, reader.text(1, row))) continue;
        see({reader.integer(2, row), *category, std::string(reader.text(1, row))},
            {Decimal{reader.decimal(3, row)},
             Decimal{reader.decimal(4, row)},
             Decimal{reader.decimal(5, row)},
             {reader.integer(6, row), reader.integer(7, row), reader.integer(8, row)}});
      }
    }
    return {};
  }

  Result<> check(std::int64_t from_us, std::int64_t to_us) {
    std::map<Key, Pair> pairs;
    TL_TRY(visit_klines(from_us, to_us, [&](const Key& key, const ExchangeCandle& candle) {
      auto& newest = pairs[key].exchange;
      if (!newest || newest->told < candle.told) newest = candle;
    }));
    TL_TRY(visit_stored(candles_, io_, from_us, to_us, filter_, [&](CandleRow row) {
      auto& ours = pairs[{row.open_time_us, row.category, row.symbol}].ours;
      ours = std::move(row);
    }));
    std::vector<CandleDifference> differences;
    for (const auto& [key, pair] : pairs) compare(key, pair, differences);
    TL_TRY(add_reasons(reasons_, io_, step_us_, differences));
    for (const auto& one : differences) tell_(one);
    return {};
  }

  void compare(const Key& key, const Pair& pair, std::vector<CandleDifference>& differences) {
    const auto& [open_us, category, symbol] = key;
    if (!pair.exchange) {
      ++counts_.without_kline;
      return;
    }
    const bool first = begun_.emplace(category, symbol).second;
    const bool nothing_traded = pair.exchange->volume == Decimal{};
    if (!pair.ours && !nothing_traded && may_be_written(key)) {
      ++counts_.not_written;
      return;
    }
    ++counts_.compared;
    const auto before = differences.size();
    bool rounded = false;
    const auto differs = [&](std::string_view field, std::optional<Decimal> ours, Decimal theirs) {
      if (ours == theirs) return;
      CandleDifference one{category, symbol, open_us, field, ours, theirs, {}, {}};
      if (ours) one.difference = add(*ours, Decimal{-theirs.units});
      if (!pair.ours) one.difference = Decimal{-theirs.units};
      if (is_rounding(one, pair)) {
        rounded = true;
        return;
      }
      if (!pair.ours) one.reasons.push_back({"no candle", ""});
      if (first) one.reasons.push_back({"begin", "the first candle that the exchange told here"});
      differences.push_back(std::move(one));
    };
    if (pair.ours) {
      differs("volume", pair.ours->volume, pair.exchange->volume);
      differs("turnover", pair.ours->turnover, pair.exchange->turnover);
      differs("close", pair.ours->close, pair.exchange->close);
    } else if (!nothing_traded) {
      differs("volume", std::nullopt, pair.exchange->volume);
    }
    const bool different = differences.size() > before;
    ++(different ? counts_.different : counts_.equal);
    counts_.rounded += rounded && !different;
  }

  static bool is_rounding(const CandleDifference& one, const Pair& pair) {
    if (one.category != bybit::Category::inverse || one.field != "turnover" || !one.ours)
      return false;
    const auto units = one.difference ? one.difference->units : int128_t{0};
    const auto most = (int128_t{pair.ours->trades} + 1) * rounding_units / 2;
    return one.difference && units <= most && units >= -most;
  }

  bool may_be_written(const Key& key) const {
    const auto& [open_us, category, symbol] = key;
    return reach_ && reach_->may_be_written(category, symbol, open_us, step_us_);
  }

  iceberg::FileIo& io_;
  const CheckRequest& request_;
  const std::int64_t step_us_;
  const std::function<void(const CandleDifference&)>& tell_;
  const std::optional<LogReach> reach_;
  MarketFilter filter_;
  const iceberg::Table klines_, candles_;
  const ReasonTables reasons_;
  std::set<MarketKey> begun_;
  CheckCounts counts_;
};

}  // namespace

Result<CheckCounts> check_candles(iceberg::Catalog& catalog, iceberg::FileIo& io,
                                  const CheckRequest& request, std::int64_t now_us,
                                  const std::function<void(const CandleDifference&)>& tell) {
  TL_ASSIGN(auto heads, load_heads(catalog, io));
  // Without a commit of the candles, nothing that the exchange told is theirs to have.
  std::optional<LogReach> reach;
  if (!heads.of_candles.empty()) {
    TL_ASSIGN(reach, LogReach::compare(heads.of_candles, {}, request.grace_us));
    TL_TRY(reach->look_for_ends(heads.silver.minutes(), io, now_us));
  }
  TL_ASSIGN(const auto extent,
            bronze::time_extent(heads.trades, bronze::trades_table().schema, "trade_time", io));
  const auto trades_from_us =
      extent ? bronze::kept_from_us(*extent, request.bronze_retention_us, us_per_hour, now_us)
             : INT64_MAX;
  return Checker(std::move(heads), std::move(reach), trades_from_us, io, request, tell).run();
}

}  // namespace tradelake::silver
