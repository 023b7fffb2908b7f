// Decimals: what was parsed prints to text that parses to the same value.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "core/decimal.h"
#include "core/json_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto value = parse_decimal(text)) {
    const auto again = parse_decimal(to_string(*value));
    if (!again || *again != *value) std::abort();
  }
  (void)is_json(text);
  return 0;
}
