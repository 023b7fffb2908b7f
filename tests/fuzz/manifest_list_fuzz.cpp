// Manifest lists of anybody: whole files, and the objects in a file that is otherwise well-formed.
#include <cstdint>
#include <string_view>

#include "avro_block.h"
#include "iceberg/manifest_list_avro.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake::iceberg;
  static const std::string empty = encode_manifest_list(Snapshot{}, {});
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)decode_manifest_list(input);
  if (!input.empty()) {
    (void)decode_manifest_list(
        tradelake::fuzz::with_block(empty, input.substr(1), static_cast<std::int8_t>(input[0])));
  }
  return 0;
}
