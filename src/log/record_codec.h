// A batch of records as bytes: what the local log stores in one row.
//
// Bytes: per record a fixed little-endian header (value length u32, key length u16, conn length u8,
// category length u8, kind u8, origin u8, recv_ns i64, part u32, parts u32), then key, conn,
// category, value. The whole is one zstd frame with checksum.
// Threads: an encoder or decoder per thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "log/record.h"

namespace tradelake::log {

// Appends one record to `out`, uncompressed. Key, conn and category are cut at their length limits.
void encode_record(const NewRecord& record, std::string& out);

class BatchCompressor {
 public:
  BatchCompressor();
  ~BatchCompressor();
  // The view lives until the next call.
  std::string_view compress(std::string_view raw);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

class BatchDecoder {
 public:
  BatchDecoder();
  ~BatchDecoder();
  // Records with offsets from `base_offset`; views into the buffer that is returned with them.
  // Errors: corrupt.
  Result<std::shared_ptr<const void>> decode(std::string_view compressed, std::int64_t base_offset,
                                             std::vector<Record>& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tradelake::log
