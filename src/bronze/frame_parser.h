// One publicTrade frame to trades: one pass of simdjson, exact decimals, every rule of design 3.
//
// Threads: a FrameParser per thread; what parse() returns lives until its next call.
// Invariants: a frame is judged whole before any of its trades counts, so a frame that breaks off
// after three good trades is one dead letter; nothing is allocated per trade once warm.
// Does not: know whether a trade came before (dedup.h), or which topic a frame was logged under.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bronze/reason.h"
#include "bybit/category.h"
#include "core/decimal.h"

namespace tradelake::bronze {

enum class Side : std::uint8_t { buy, sell };
constexpr std::string_view to_string(Side side) {
  return side == Side::buy ? "Buy" : "Sell";
}

enum class Flag : std::int8_t { absent = -1, no = 0, yes = 1 };

struct ExtraField {
  std::string_view key, value;
};

struct Trade {
  std::string_view symbol, trade_id, tick_direction;
  Decimal price, size;
  std::int64_t trade_time_us = 0;
  std::int64_t seq = 0;
  std::int32_t index = 0;                          // place in the frame's data
  std::uint32_t extra_begin = 0, extra_count = 0;  // in ParsedFrame::extra
  Side side{};
  Flag block_trade = Flag::absent, rpi = Flag::absent;
  bool has_seq = false, has_tick_direction = false;
};

struct BadTrade {
  Reason reason;
  std::string detail;
  std::int32_t index = 0;
  std::string_view symbol;   // empty: not known
  std::string_view payload;  // the bytes as received, of this element of data
};

struct BadFrame {
  Reason reason;
  std::string detail;
  std::string_view symbol;  // empty: not known
};

struct ParsedFrame {
  // One of: a bad frame; a frame of another stream (skipped); trades and bad trades.
  std::optional<BadFrame> bad_frame;
  bool skipped = false;
  std::optional<std::int64_t> frame_time_us;
  std::vector<Trade> trades;
  std::vector<BadTrade> bad_trades;
  std::vector<ExtraField> extra;
};

class FrameParser {
 public:
  FrameParser();
  ~FrameParser();
  // `text` is followed by 64 readable bytes. `category` as the source named it.
  const ParsedFrame& parse(std::string_view text, std::string_view category, std::int64_t recv_ns);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tradelake::bronze
