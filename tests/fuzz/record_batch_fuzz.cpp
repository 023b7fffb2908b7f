// Record batches of the local log, compressed or with the compression peeled off.
#include <cstdint>
#include <string_view>
#include <vector>

#include "log/record_codec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake::log;
  static BatchCompressor compressor;
  static BatchDecoder decoder;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::vector<Record> records;
  (void)decoder.decode(bytes, 0, records);
  records.clear();
  (void)decoder.decode(compressor.compress(bytes), 0, records);
  return 0;
}
