#include "api/trade_query.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "bronze/tables.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"

namespace tradelake::api {
namespace {

using bronze::Flag;
using bronze::Side;

// Files decoded for one page; what was decoded before costs nothing, so a client that follows the
// cursor, or asks again, gets further.
constexpr std::size_t max_reads_a_page = 200;
constexpr std::string_view digits = "0123456789ABCDEF";

// A place before every trade of the time.
TradeKey at_time(std::int64_t time_us) {
  return {time_us, INT64_MIN, Side::buy, 0, ""};
}

int128_t rank_of(Side side, Decimal price) {
  return side == Side::buy ? price.units : -price.units;
}

// The newest trades of a range, as many as the page has room for and one more.
class Newest {
 public:
  explicit Newest(const TradeRange& range) : range_(range), room_(range.limit + 1) {}

  // Cheap, and sure only if it says no.
  bool may_take(std::int64_t time_us) const {
    if (time_us < range_.from_us || time_us >= range_.to_us) return false;
    if (range_.before && time_us > range_.before->time_us) return false;
    return !full() || time_us >= trades_.front().key.time_us;
  }
  void add(const ServedTrade& trade) {
    if (!may_take(trade.key.time_us) || (range_.before && !(trade.key < *range_.before))) return;
    if (full()) {
      if (trade.key < trades_.front().key) return;
      std::ranges::pop_heap(trades_, newer);
      trades_.pop_back();
    }
    trades_.push_back(trade);
    std::ranges::push_heap(trades_, newer);
  }
  // Trades up to this time cannot change the page any more.
  bool settled(std::int64_t last_us) const {
    return full() && trades_.front().key.time_us > last_us;
  }

  TradePage page(std::optional<std::int64_t> unread_until_us) && {
    TradePage page;
    std::ranges::sort(trades_, newer);
    if (unread_until_us) {
      std::erase_if(trades_,
                    [&](const auto& trade) { return trade.key.time_us <= *unread_until_us; });
      page.next = at_time(*unread_until_us + 1);
    }
    if (trades_.size() > range_.limit) {
      trades_.resize(range_.limit);
      page.next = trades_.back().key;
    }
    page.trades = std::move(trades_);
    return page;
  }

 private:
  static bool newer(const ServedTrade& a, const ServedTrade& b) { return a.key > b.key; }
  bool full() const { return trades_.size() >= room_; }

  const TradeRange& range_;
  std::size_t room_;
  std::vector<ServedTrade> trades_;  // a heap, the oldest in front
};

ServedTrade from_batch(const bronze::TradeBatch& batch, std::size_t row) {
  ServedTrade trade;
  trade.price = Decimal{batch.price[row]};
  trade.size = Decimal{batch.size[row]};
  if (batch.seq[row] >= 0) trade.seq = batch.seq[row];
  trade.block_trade = batch.block_trade[row];
  trade.rpi = batch.rpi[row];
  trade.tick_direction = batch.tick_directions[batch.tick_direction[row]];
  const Side side = batch.side[row];
  trade.key = {batch.trade_time_us[row], trade.seq.value_or(0), side, rank_of(side, trade.price),
               std::string(batch.trade_id(row))};
  return trade;
}

void add_uncommitted(const bronze::TradeBatch& batch, const bronze::MarketTable& markets,
                     const TradeRange& range, Newest& newest) {
  const auto market = markets.find(range.category, range.symbol);
  if (market == markets.size()) return;
  for (std::size_t row = batch.rows(); row-- > 0;) {
    if (batch.market[row] == market && newest.may_take(batch.trade_time_us[row]))
      newest.add(from_batch(batch, row));
  }
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const auto high = digits.find(text[i]), low = digits.find(text[i + 1]);
    if (high == digits.npos || low == digits.npos) return std::nullopt;
    out.push_back(static_cast<char>(high * 16 + low));
  }
  return out;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string encode_cursor(const TradeKey& key) {
  const Decimal price{key.rank < 0 ? -key.rank : key.rank};
  const auto text = fmt::format("{}|{}|{}|{}|{}", key.time_us, key.seq, to_string(key.side),
                                to_string(price), key.id);
  std::string out;
  for (const char c : text) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
    out.push_back(digits[static_cast<unsigned char>(c) & 15]);
  }
  return out;
}

std::optional<TradeKey> decode_cursor(std::string_view text) {
  const auto decoded = from_hex(text);
  if (!decoded) return std::nullopt;
  std::string_view rest = *decoded;
  std::array<std::string_view, 4> parts;
  for (auto& part : parts) {
    const auto end = rest.find('|');
    if (end == rest.npos) return std::nullopt;
    part = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  const auto time_us = to_integer(parts[0]), seq = to_integer(parts[1]);
  const auto price = parse_decimal(parts[3]);
  if (!time_us || !seq || !price || (parts[2] != "Buy" && parts[2] != "Sell")) return std::nullopt;
  const Side side = parts[2] == "Buy" ? Side::buy : Side::sell;
  return TradeKey{*time_us, *seq, side, rank_of(side, *price), std::string(rest)};
}

Result<std::shared_ptr<const TradeQuery::Trades>> TradeQuery::of_file(const iceberg::Table& table,
                                                                      const iceberg::ScanFile& file,
                                                                      const TradeRange& range,
                                                                      std::size_t& reads) {
  const auto name =
      fmt::format("{}\n{}\n{}", rows_name(file), to_string(range.category), range.symbol);
  if (auto known = cache_.find(name)) return known;
  ++reads;
  using iceberg::Comparison;
  const iceberg::Filter filter{
      {"category", Comparison::equal, {iceberg::Value{std::string(to_string(range.category))}}},
      {"symbol", Comparison::equal, {iceberg::Value{range.symbol}}}};
  static const auto declared = bronze::trades_table().schema;
  TL_ASSIGN(const auto rows,
            iceberg::read_data_file(*iceberg::as_declared(table.metadata, declared), io_, file,
                                    {"trade_id", "side", "price", "size", "trade_time", "seq",
                                     "block_trade", "rpi", "tick_direction"},
                                    filter));
  const iceberg::RowReader reader(*rows);
  const auto flag = [&](int column, std::int64_t row) {
    if (reader.is_null(column, row)) return Flag::absent;
    return reader.boolean(column, row) ? Flag::yes : Flag::no;
  };
  auto trades = std::make_shared<Trades>();
  std::size_t bytes = 512 + name.size();
  for (std::int64_t row = 0; row < reader.rows(); ++row) {
    ServedTrade trade;
    trade.price = Decimal{reader.decimal(2, row)};
    trade.size = Decimal{reader.decimal(3, row)};
    if (!reader.is_null(5, row)) trade.seq = reader.integer(5, row);
    trade.block_trade = flag(6, row);
    trade.rpi = flag(7, row);
    if (!reader.is_null(8, row)) trade.tick_direction = reader.text(8, row);
    const Side side = reader.text(1, row) == "Buy" ? Side::buy : Side::sell;
    trade.key = {reader.integer(4, row), trade.seq.value_or(0), side, rank_of(side, trade.price),
                 std::string(reader.text(0, row))};
    bytes += sizeof(ServedTrade) + trade.key.id.size();
    trades->push_back(std::move(trade));
  }
  cache_.put(name, trades, bytes);
  return trades;
}

Result<TradePage> TradeQuery::find(const TradeRange& range) {
  Newest newest(range);
  iceberg::Table head;
  sink_.view([&](const iceberg::Table& table,
                 std::span<const bronze::TradeBatch* const> uncommitted,
                 const bronze::MarketTable& markets) {
    head = table;
    for (const auto* batch : uncommitted) add_uncommitted(*batch, markets, range, newest);
  });
  TL_ASSIGN(const auto files, index_.files(head));
  std::size_t reads = 0;
  for (const auto& file : *files) {
    if (file->last_us < range.from_us || newest.settled(file->last_us)) break;
    const std::int64_t until_us =
        range.before ? std::min(range.to_us, range.before->time_us + 1) : range.to_us;
    if (file->first_us >= until_us || !file->may_hold(to_string(range.category), range.symbol))
      continue;
    if (reads == max_reads_a_page) return std::move(newest).page(file->last_us);
    TL_ASSIGN(const auto trades, of_file(head, file->file, range, reads));
    for (const auto& trade : *trades) newest.add(trade);
  }
  return std::move(newest).page(std::nullopt);
}

}  // namespace tradelake::api
