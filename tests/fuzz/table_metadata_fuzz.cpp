// metadata.json of anybody.
#include <cstdint>
#include <string_view>

#include "iceberg/table_metadata_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake::iceberg;
  if (const auto metadata = table_metadata_from_json({reinterpret_cast<const char*>(data), size})) {
    (void)table_metadata_from_json(to_json(*metadata));
  }
  return 0;
}
