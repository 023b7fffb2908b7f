// The bytes of Avro objects as a container file, uncompressed: what is fuzzed is then the decoding
// of objects, which random changes of a compressed file hardly ever reach.
#pragma once

#include <string>
#include <string_view>

#include "iceberg/avro_output.h"

namespace tradelake::fuzz {

// `empty_file` is a container without objects, as our writer leaves it: header, then the sync
// marker.
inline std::string with_block(std::string empty_file, std::string_view objects,
                              std::int64_t count) {
  constexpr std::string_view deflate =
      "\x0e"
      "deflate";
  constexpr std::string_view null =
      "\x08"
      "null";
  empty_file.replace(empty_file.find(deflate), deflate.size(), null);
  iceberg::AvroOutput block;
  block.integer(count);
  block.sized(objects);
  const auto sync = empty_file.substr(empty_file.size() - 16);
  return empty_file + block.bytes() + sync;
}

}  // namespace tradelake::fuzz
