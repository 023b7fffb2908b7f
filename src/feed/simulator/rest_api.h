// The REST side of the simulated exchange: time, instruments-info, recent-trade and kline.
//
// Threads: pure but for what it is given. Answers and limits as the exchange documents them;
// unknown paths are 404, bad parameters are retCode 10001 with status 200.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "feed/simulator/frame_source.h"
#include "feed/simulator/market_book.h"

namespace tradelake::feed {

struct RestAnswer {
  int status = 200;
  std::string body;
};

RestAnswer answer_rest(std::string_view target, const MarketBook& book,
                       const std::vector<ListedInstrument>& instruments, std::int64_t now_ns);

}  // namespace tradelake::feed
