#include "silver/difference_reasons.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>

#include <arrow/table.h>
#include <fmt/format.h>

#include "bronze/id_window.h"
#include "bybit/topic.h"
#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "log/gap_record.h"
#include "silver/bronze_trades.h"
#include "silver/candle.h"
#include "silver/tables.h"

namespace tradelake::silver {
namespace {

using iceberg::Comparison;
using iceberg::RowReader;

// The kinds of trades that an exchange may leave out of its candles. Of each, what there is of it,
// and what is left without it.
struct Kind {
  std::string_view name;
  bool block, rpi;
  Candle those, others;

  bool takes(bool is_block, bool is_rpi) const { return (block && is_block) || (rpi && is_rpi); }
};

struct Span {
  std::vector<CandleDifference*> differences;  // of one candle
  std::vector<Kind> kinds{{"block trades", true, false, {}, {}},
                          {"rpi", false, true, {}, {}},
                          {"block trades and rpi", true, true, {}, {}}};
  Sum late;
  std::int64_t late_trades = 0;
};

using Place = std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>;

// Rows of one id; all of them are repeats if bronze has the trade from elsewhere.
struct LateTrade {
  std::vector<Place> places;
  Decimal size;
  Span* span = nullptr;
  bool is_repeat = false;
};

using Key = std::tuple<bybit::Category, std::string, std::int64_t>;  // market and open_time
using Id = std::pair<std::uint64_t, std::uint32_t>;

class Explainer {
 public:
  Explainer(const ReasonTables& tables, iceberg::FileIo& io, std::int64_t step_us,
            std::span<CandleDifference> differences)
      : tables_(tables), io_(io), step_us_(step_us) {
    for (auto& one : differences) {
      spans_[{one.category, one.symbol, one.open_time_us}].differences.push_back(&one);
      from_us_ = std::min(from_us_, one.open_time_us);
      to_us_ = std::max(to_us_, one.open_time_us + step_us);
    }
  }

  Result<> run() {
    if (spans_.empty()) return {};
    TL_TRY(take_gaps());
    TL_TRY(take_late_trades());
    if (tables_.trades_from_us < to_us_) {
      TL_TRY(visit_bronze_trades(tables_.trades, io_, from_us_, to_us_, TradeFlags::wanted,
                                 [&](const BronzeTrade& one) { take_trade(one); }));
    }
    for (auto& [id, late] : late_) {
      if (late.is_repeat) continue;
      late.span->late.add(late.size);
      ++late.span->late_trades;
    }
    for (auto& [key, span] : spans_) conclude(std::get<2>(key), span);
    return {};
  }

 private:
  // Whole files at a time: these tables are small.
  Result<> visit(const iceberg::Table& table, const iceberg::Schema& declared,
                 const std::vector<std::string>& columns, const iceberg::Filter& filter,
                 const std::function<void(const RowReader&, std::int64_t)>& see) {
    const auto metadata = iceberg::as_declared(table.metadata, declared);
    TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io_, filter));
    for (const auto& file : files) {
      TL_ASSIGN(const auto rows, iceberg::read_data_file(*metadata, io_, file, columns, filter));
      const RowReader reader(*rows);
      for (std::int64_t row = 0; row < reader.rows(); ++row) see(reader, row);
    }
    return {};
  }

  Result<> take_gaps() {
    const iceberg::Filter filter{{"from_time", Comparison::less, {iceberg::Value{to_us_}}},
                                 {"to_time", Comparison::greater, {iceberg::Value{from_us_}}}};
    return visit(tables_.gaps, coverage_gaps_table().schema,
                 {"category", "symbol", "from_time", "to_time", "cause", "status"}, filter,
                 [&](const RowReader& reader, std::int64_t row) {
                   const auto category = bybit::parse_category(reader.text(0, row));
                   if (!category || reader.text(5, row) == "filled") return;
                   take_gap(*category, reader.text(1, row), reader.integer(2, row),
                            reader.integer(3, row), reader.text(4, row));
                 });
  }

  void take_gap(bybit::Category category, std::string_view symbol, std::int64_t from_us,
                std::int64_t to_us, std::string_view cause) {
    for (auto& [key, span] : spans_) {
      const auto& [of_category, of_symbol, open_us] = key;
      if (of_category != category || from_us >= open_us + step_us_ || to_us <= open_us) continue;
      if (symbol != log::all_markets && symbol != bybit::topic_key(category, of_symbol)) continue;
      const auto detail =
          fmt::format("{} from {} to {}", cause, format_us(from_us), format_us(to_us));
      for (auto* one : span.differences) one->reasons.push_back({"gap", detail});
    }
  }

  Span* find(bybit::Category category, std::string_view symbol, std::int64_t time_us) {
    const auto found = spans_.find({category, std::string(symbol), floor_to(time_us, step_us_)});
    return found == spans_.end() ? nullptr : &found->second;
  }

  Result<> take_late_trades() {
    return visit(tables_.late_trades, late_trades_table().schema,
                 {"category", "symbol", "trade_id", "open_time", "size", "_topic",
                  "_topic_partition", "_offset", "_index"},
                 iceberg::half_open("open_time", from_us_, to_us_),
                 [&](const RowReader& reader, std::int64_t row) {
                   const auto category = bybit::parse_category(reader.text(0, row));
                   if (!category) return;
                   auto* span = find(*category, reader.text(1, row), reader.integer(3, row));
                   if (span == nullptr) return;
                   const auto id =
                       bronze::hash_id(*category, reader.text(1, row), reader.text(2, row));
                   auto& late = late_[{id.high, id.low}];
                   late.places.emplace_back(reader.text(5, row), reader.integer(6, row),
                                            reader.integer(7, row), reader.integer(8, row));
                   late.size = Decimal{reader.decimal(4, row)};
                   late.span = span;
                 });
  }

  void take_trade(const BronzeTrade& one) {
    const auto& [category, symbol, trade, place, block, rpi] = one;
    auto* span = find(category, symbol, trade.trade_time_us);
    if (span == nullptr) return;
    if (!late_.empty()) {
      const auto id = bronze::hash_id(category, symbol, trade.trade_id);
      const auto late = late_.find({id.high, id.low});
      if (late != late_.end()) {
        const auto& places = late->second.places;
        const Place here{place.topic, place.partition, place.offset, place.index};
        const bool same = std::ranges::find(places, here) != places.end();
        late->second.is_repeat = !same;
        if (same) return;  // in no candle of ours
      }
    }
    for (auto& kind : span->kinds)
      (kind.takes(block, rpi) ? kind.those : kind.others).add(category, trade);
  }

  void conclude(std::int64_t open_us, Span& span) const {
    if (span.late_trades > 0) {
      const auto volume = span.late.value();
      const auto detail =
          fmt::format("{} trade{}, volume {}", span.late_trades, span.late_trades == 1 ? "" : "s",
                      volume ? to_string(*volume) : "beyond decimal(38,18)");
      for (auto* one : span.differences) one->reasons.push_back({"late", detail});
    }
    if (open_us < tables_.trades_from_us) return;
    for (auto* one : span.differences) {
      // Where one kind accounts for it, both together do as well only if there is none of the
      // other.
      for (const auto& kind : span.kinds) {
        if (!accounts_for(kind, *one)) continue;
        one->reasons.push_back({kind.name, ""});
        break;
      }
    }
  }

  static bool accounts_for(const Kind& kind, const CandleDifference& one) {
    if (kind.those.trades == 0 || !one.difference) return false;
    if (one.field == "close")
      return kind.others.trades > 0 && kind.others.last.price == one.exchange;
    const auto sum = one.field == "volume" ? kind.those.volume : kind.those.turnover;
    return sum.value() == one.difference;
  }

  const ReasonTables& tables_;
  iceberg::FileIo& io_;
  const std::int64_t step_us_;
  std::int64_t from_us_ = INT64_MAX, to_us_ = INT64_MIN;
  std::map<Key, Span> spans_;  // keeps its elements in place
  std::map<Id, LateTrade> late_;
};

}  // namespace

Result<> add_reasons(const ReasonTables& tables, iceberg::FileIo& io, std::int64_t step_us,
                     std::span<CandleDifference> differences) {
  return Explainer(tables, io, step_us, differences).run();
}

}  // namespace tradelake::silver
