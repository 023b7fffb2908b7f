// Which markets "linear:*" means: asked from the exchange, or from a short list of its largest
// markets where REST is blocked (it is, for whole countries, while the WebSocket is not).
//
// Threads: blocks the calling thread.
#pragma once

#include <vector>

#include "bybit/market.h"
#include "feed/endpoint.h"
#include "feed/http_client.h"

namespace tradelake::feed {

// `markets` with each "*" replaced by what trades now, in the exchange's order and without repeats.
// Where the exchange cannot be asked, well-known symbols stand in and a warning is logged.
std::vector<bybit::Market> resolve_markets(const Endpoint& rest,
                                           const std::vector<bybit::Market>& markets,
                                           const HttpOptions& options = {});

// Trading symbols of a category; for options the base coins that have contracts.
Result<std::vector<std::string>> fetch_symbols(const Endpoint& rest, bybit::Category category,
                                               const HttpOptions& options = {});

// The exchange's clock, nanoseconds since the epoch: the cheapest way to see whether it is there.
Result<std::int64_t> fetch_server_time_ns(const Endpoint& rest, const HttpOptions& options = {});

}  // namespace tradelake::feed
