// Kline frames: no crash, and a frame that was taken is JSON for a strict checker too.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bronze/kline_parser.h"
#include "core/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake;
  static bronze::KlineParser parser;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto category = bybit::category_names[size % 4];
  const auto& frame = parser.parse(text, category, 1'790'000'000'000'000'000);
  const bool taken = frame.open > 0 || !frame.closed.empty();
  if (taken && !is_json(text)) std::abort();
  for (const auto& kline : frame.closed) {
    if (kline.open_time_us >= kline.close_time_us) std::abort();
  }
  return 0;
}
