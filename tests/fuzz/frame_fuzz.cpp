// Frames: no crash, and a frame that was taken is JSON for a strict checker too.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bronze/frame_parser.h"
#include "core/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake;
  static bronze::FrameParser parser;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::string padded(text);
  padded.append(64, '\0');
  const auto category = bybit::category_names[size % 4];
  const auto& frame =
      parser.parse(std::string_view(padded).substr(0, size), category, 1'790'000'000'000'000'000);
  const bool taken = !frame.bad_frame || (frame.bad_frame->reason != bronze::Reason::not_json &&
                                          frame.bad_frame->reason != bronze::Reason::not_utf8);
  if (taken && !is_json(text)) std::abort();
  if (frame.bad_frame && !frame.trades.empty()) std::abort();
  return 0;
}
