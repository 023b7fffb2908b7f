// Frames by seed, as an exchange might send them, and what has to become of each.
//
// Among them: repeats of trades (recent and long past), out of order, too late for silver, bad
// trades beside good ones, bad frames, frames over the size limit, answers to control requests,
// streams nobody stores, and the exchange's candles, repeated and corrected. Every text is there
// once, so a record of the log tells which frame it is. Says what is expected of a frame as it
// makes it, and shares no code with what parses frames. Threads: values. Does not: know offsets;
// lake_audit.h finds them in the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bybit/category.h"

namespace tradelake::faults {

// Prices and sizes count ten-thousandths.
struct GoodTrade {
  std::int32_t index = 0;  // within the frame's data
  std::string symbol, id;
  bool buy = false;
  std::int64_t price = 0, size = 0;
  std::int64_t time_ms = 0;
  std::int64_t seq = 0;
};

// The exchange's candle of a minute. Numbers count ten-thousandths.
struct ClosedKline {
  std::int32_t index = 0;
  std::string symbol;
  std::int64_t open_ms = 0, pushed_ms = 0;
  std::int64_t close = 0, volume = 0, turnover = 0;
};

struct BadTrade {
  std::optional<std::int32_t> index;  // nothing: the whole frame
  std::string reason;
};

struct Frame {
  std::string text;
  bybit::Category category{};
  std::int64_t recv_ns = 0;
  std::string topic;  // of the log; empty: not logged
  std::string key;
  std::vector<GoodTrade> good;
  std::vector<BadTrade> bad;
  std::vector<ClosedKline> klines;
};

struct InputOptions {
  std::uint64_t seed = 0;
  int frames = 24;   // per capture
  int captures = 2;  // one after the other
  std::int64_t grace_ms = 120'000;
  bool oversized = false;  // one frame over the size limit
};

// What a collector would have put into the log about a time in which it received nothing.
struct InputGap {
  std::string topic, key;
  bybit::Category category{};
  std::int64_t recv_ns = 0;
  std::int64_t from_us = 0, to_us = 0;
  std::string cause;
  std::string text;  // of the record
};
// Of each capture those that are recorded before its frames; no two are alike.
std::vector<std::vector<InputGap>> make_gaps(const InputOptions& options);

// Of each capture the frames in the order in which they are received.
std::vector<std::vector<Frame>> make_input(const InputOptions& options);

// "receive time in ns TAB category TAB frame" a line.
std::string capture_text(const std::vector<Frame>& frames);

}  // namespace tradelake::faults
