// Manifests and manifest lists of anybody.
#include <cstdint>
#include <string_view>

#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake::iceberg;
  (void)decode_manifest_list({reinterpret_cast<const char*>(data), size});
  return 0;
}
