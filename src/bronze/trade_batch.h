// Good trades on their way into a table, column by column.
//
// Threads: one writer; readers under the owner's lock.
// Does not: sort, or know Arrow (trade_rows.cpp does both).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bronze/frame_parser.h"
#include "bronze/market_table.h"

namespace tradelake::bronze {

// Where a frame came from, the same for all of its trades.
struct FrameOrigin {
  std::uint16_t topic = 0;  // number of the topic in the owner's list
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t received_us = 0;
};

struct TradeBatch {
  std::vector<MarketIndex> market;
  std::vector<std::uint32_t> id_end;  // trade ids are one after the other in id_text
  std::string id_text;
  std::vector<Side> side;
  std::vector<int128_t> price, size;  // units of 10^-18
  std::vector<std::int64_t> trade_time_us;
  std::vector<std::int64_t> seq;              // -1: null
  std::vector<std::uint32_t> tick_direction;  // number in tick_directions; 0: null
  std::vector<Flag> block_trade, rpi;
  std::vector<std::int64_t> frame_time_us;  // no_time: null
  std::vector<std::int64_t> received_us;
  std::vector<std::uint32_t>
      extra_end;  // fields of row r are extra[extra_end[r-1] .. extra_end[r])
  std::vector<std::pair<std::string, std::string>> extra;
  std::vector<std::uint16_t> topic;
  std::vector<std::int32_t> partition;
  std::vector<std::int64_t> offset;
  std::vector<std::int32_t> index;
  std::vector<std::string> tick_directions{""};  // distinct values, four in practice

  static constexpr std::int64_t no_time = INT64_MIN;

  std::size_t rows() const { return market.size(); }
  std::string_view trade_id(std::size_t row) const {
    const std::uint32_t begin = row == 0 ? 0 : id_end[row - 1];
    return std::string_view(id_text).substr(begin, id_end[row] - begin);
  }
  void append(const Trade& trade, const ParsedFrame& frame, MarketIndex of_market,
              const FrameOrigin& origin);
  // Takes away rows marked true in `drop`, one mark a row.
  void remove(const std::vector<bool>& drop);
  void clear();

 private:
  std::uint32_t number_of_tick_direction(std::string_view text);
  std::unordered_map<std::string, std::uint32_t> tick_direction_numbers_;
};

}  // namespace tradelake::bronze
