// What the exchange sends: routing, acks, REST answers, topics, and what a user types as markets.
#include <cstdint>
#include <string_view>

#include "bybit/control_frame.h"
#include "bybit/market.h"
#include "bybit/rest_shapes.h"
#include "bybit/route.h"
#include "bybit/topic.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake::bybit;
  static Router router;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  router.route(text);
  (void)parse_control_frame(text);
  (void)parse_instruments_page(text);
  (void)parse_server_time_ns(text);
  (void)parse_topic(text);
  (void)parse_markets(text);
  return 0;
}
