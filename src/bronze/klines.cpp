#include "bronze/klines.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <set>
#include <tuple>

#include <arrow/api.h>

#include "bronze/table_files.h"
#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/columns.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "iceberg/write_rows.h"

namespace tradelake::bronze {
namespace {

enum Column {
  category,
  symbol,
  interval,
  open_time,
  close_time,
  open,
  high,
  low,
  close,
  volume,
  turnover
};
const std::vector<std::string> compared{"category",   "symbol", "interval", "open_time",
                                        "close_time", "open",   "high",     "low",
                                        "close",      "volume", "turnover"};

using Key = std::pair<std::uint64_t, std::uint32_t>;

Key key_of(const IdHash& hash) {
  return {hash.high, hash.low};
}

}  // namespace

IdHash hash_kline(bybit::Category category, std::string_view symbol, std::string_view interval,
                  const Kline& kline) {
  std::string bytes(symbol);
  bytes += '\0';
  bytes += interval;
  const auto add = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  add(kline.open_time_us);
  add(kline.close_time_us);
  for (const auto& value :
       {kline.open, kline.high, kline.low, kline.close, kline.volume, kline.turnover})
    add(value.units);
  return hash_kline_bytes(category, bytes);
}

KlineCounts& KlineCounts::operator+=(const KlineCounts& other) {
  stored += other.stored;
  repeats += other.repeats;
  open += other.open;
  for (std::size_t n = 0; n < unreadable.size(); ++n) unreadable[n] += other.unreadable[n];
  return *this;
}

Result<std::int64_t> drop_stored_klines(const iceberg::Table& table, iceberg::FileIo& io,
                                        std::vector<KlineRow>& rows) {
  std::set<std::int64_t> days;
  for (const auto& row : rows) {
    if (row.is_old) days.insert(floor_to(row.kline.open_time_us, us_per_day));
  }
  if (days.empty()) return 0;
  static const auto declared = klines_table().schema;
  const auto metadata = iceberg::as_declared(table.metadata, declared);
  std::set<Key> stored;
  for (const auto day_us : days) {
    const auto filter = iceberg::half_open("open_time", day_us, day_us + us_per_day);
    TL_ASSIGN(const auto files, iceberg::plan_files(*metadata, io, filter));
    for (const auto& file : files) {
      TL_ASSIGN(const auto found, iceberg::read_data_file(*metadata, io, file, compared, filter));
      const iceberg::RowReader reader(*found);
      for (std::int64_t n = 0; n < reader.rows(); ++n) {
        const auto of = bybit::parse_category(reader.text(Column::category, n));
        if (!of) continue;  // written by somebody else: not one of ours
        const auto number = [&](Column column) { return Decimal{reader.decimal(column, n)}; };
        Kline kline;
        kline.open_time_us = reader.integer(Column::open_time, n);
        kline.close_time_us = reader.integer(Column::close_time, n);
        kline.open = number(Column::open);
        kline.high = number(Column::high);
        kline.low = number(Column::low);
        kline.close = number(Column::close);
        kline.volume = number(Column::volume);
        kline.turnover = number(Column::turnover);
        stored.insert(key_of(hash_kline(*of, reader.text(Column::symbol, n),
                                        reader.text(Column::interval, n), kline)));
      }
    }
  }
  const auto dropped = std::erase_if(rows, [&](const KlineRow& row) {
    if (!row.is_old) return false;
    return !stored.insert(key_of(hash_kline(row.category, row.symbol, row.interval, row.kline)))
                .second;
  });
  return static_cast<std::int64_t>(dropped);
}

Result<std::vector<iceberg::DataFile>> write_kline_files(iceberg::FileIo& io,
                                                         const iceberg::Table& table,
                                                         const std::vector<KlineRow>& rows,
                                                         const std::vector<std::string>& topics) {
  using namespace iceberg;
  if (rows.empty()) return {};
  static const auto declared = klines_table().schema;
  std::vector<std::uint32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::uint32_t n) {
    const auto& row = rows[n];
    return std::tuple(to_string(row.category), std::string_view(row.symbol),
                      std::string_view(row.interval), row.kline.open_time_us);
  });
  const auto text = [&](auto of) {
    return text_column(
        [&, of](std::uint32_t n) { return std::optional<std::string_view>(of(rows[n])); }, order);
  };
  const auto each = [&](auto of) {
    std::vector<decltype(of(rows[0]))> values;
    for (const auto& row : rows) values.push_back(of(row));
    return values;
  };
  const auto time = [&](auto of) { return timestamp_column(each(of), order); };
  const auto number = [&](Decimal Kline::* member) {
    return decimal_column(each([&](const KlineRow& row) { return (row.kline.*member).units; }),
                          order);
  };
  const auto place = [&](std::int32_t of_row(const KlineRow&)) {
    return int32_column(each(of_row), order);
  };
  return write_rows(
      io, *table.metadata, declared,
      table_of({
          {"category", text([](const KlineRow& row) { return to_string(row.category); })},
          {"symbol", text([](const KlineRow& row) { return std::string_view(row.symbol); })},
          {"interval", text([](const KlineRow& row) { return std::string_view(row.interval); })},
          {"open_time", time([](const KlineRow& row) { return row.kline.open_time_us; })},
          {"close_time", time([](const KlineRow& row) { return row.kline.close_time_us; })},
          {"open", number(&Kline::open)},
          {"high", number(&Kline::high)},
          {"low", number(&Kline::low)},
          {"close", number(&Kline::close)},
          {"volume", number(&Kline::volume)},
          {"turnover", number(&Kline::turnover)},
          {"pushed_at", time([](const KlineRow& row) { return row.kline.pushed_us; })},
          {"received_at", time([](const KlineRow& row) { return row.origin.received_us; })},
          {"_topic",
           text([&](const KlineRow& row) { return std::string_view(topics[row.origin.topic]); })},
          {"_topic_partition", place([](const KlineRow& row) { return row.origin.partition; })},
          {"_offset",
           int64_column(each([](const KlineRow& row) { return row.origin.offset; }), order)},
          {"_index", place([](const KlineRow& row) { return row.kline.index; })},
      }),
      kline_file_options());
}

}  // namespace tradelake::bronze
