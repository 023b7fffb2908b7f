// The range of candles that a command is asked for: --from, --to, --symbols.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "bybit/market.h"
#include "core/error.h"

namespace tradelake::cli {

struct CandleRange {
  std::int64_t from_us = 0, to_us = 0;
  std::vector<bybit::Market> markets;  // none: all
};

struct CandleRangeFlags {
  std::string from, to, symbols;

  void add(CLI::App& command);
  // In whole steps: `unit` says of what, "a minute". Errors: invalid_argument.
  Result<CandleRange> parse(std::int64_t step_us, std::string_view unit) const;
};

}  // namespace tradelake::cli
