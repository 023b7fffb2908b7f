// Answers of a Kafka broker to the Metadata and ApiVersions requests.
#include <cstdint>
#include <string_view>

#include "log/kafka_metadata.h"
#include "log/kafka_release.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)tradelake::log::decode_metadata_response(bytes, 0);
  (void)tradelake::log::decode_metadata_level(bytes, 0);
  return 0;
}
