// Answers of the exchange's REST interface that the client reads: envelope, instruments, time.
//
// Threads: pure functions. Errors carry the exchange's own code and message. Does not: fetch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"

namespace tradelake::bybit {

struct InstrumentInfo {
  std::string symbol;
  std::string base_coin;
  std::string quote_coin;
  std::string status;
  std::string tick_size;
};

struct InstrumentsPage {
  std::vector<InstrumentInfo> instruments;
  std::string next_cursor;  // empty: the last page
};

Result<InstrumentsPage> parse_instruments_page(std::string_view body);

// The exchange's clock, nanoseconds since the epoch, from /v5/market/time.
Result<std::int64_t> parse_server_time_ns(std::string_view body);

}  // namespace tradelake::bybit
