// Avro object container files: header, blocks of encoded objects, sync markers.
//
// Threads: one at a time.
// Writes codec deflate; reads deflate and null. A block is at most avro_max_block_bytes unpacked.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/avro_input.h"
#include "iceberg/avro_output.h"
#include "iceberg/avro_schema.h"

namespace tradelake::iceberg {

inline constexpr std::size_t avro_max_block_bytes = std::size_t{256} << 20;

class AvroWriter {
 public:
  // `metadata` goes into the header next to the schema and the codec.
  AvroWriter(std::string_view schema_json,
             const std::vector<std::pair<std::string, std::string>>& metadata);

  // Encode one object into this, then call end_object().
  AvroOutput& object() { return block_; }
  void end_object();

  std::string finish() &&;

 private:
  void flush();

  std::string out_;
  std::string sync_;
  AvroOutput block_;
  std::int64_t objects_in_block_ = 0;
};

class AvroReader {
 public:
  // Parses the header. `bytes` must live as long as the reader. Errors: corrupt, unsupported.
  static Result<AvroReader> open(std::string_view bytes);

  const AvroSchema& schema() const { return *schema_; }
  const std::map<std::string, std::string, std::less<>>& metadata() const { return metadata_; }

  // Calls `read(AvroInput&)` for every object; it takes exactly that object's bytes, or fails the
  // input, or returns an error of its own. Errors: corrupt, and those of `read`.
  template <class Read>
  Result<> for_each(Read read) {
    while (rest_.remaining() > 0) {
      TL_ASSIGN(const auto block, next_block());
      AvroInput input(block.bytes);
      for (std::int64_t i = 0; i < block.objects; ++i) {
        TL_TRY(read(input));
        if (!input.ok()) return make_error(Errc::corrupt, "Avro block: {}", input.failure());
      }
      if (!input.at_end()) return make_error(Errc::corrupt, "Avro block: bytes after its objects");
    }
    return {};
  }

 private:
  struct Block {
    std::int64_t objects;
    std::string_view bytes;  // valid until the next call
  };
  explicit AvroReader(std::string_view rest) : rest_(rest) {}
  Result<Block> next_block();

  AvroInput rest_;
  AvroSchemaPtr schema_;
  std::map<std::string, std::string, std::less<>> metadata_;
  std::string_view sync_;
  bool deflated_ = false;
  std::string unpacked_;
};

}  // namespace tradelake::iceberg
