// A cursor over Avro-encoded bytes that never leaves them.
//
// Threads: one at a time.
// Invariant: after the first damage ok() is false, and every read gives zero or nothing; so callers
// check once, at the end of a value, and in loops. What is allocated is bounded by the bytes that
// are there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "iceberg/avro_schema.h"

namespace tradelake::iceberg {

class AvroInput {
 public:
  explicit AvroInput(std::string_view bytes);

  bool ok() const { return failure_.empty(); }
  const std::string& failure() const { return failure_; }
  bool at_end() const { return rest_.empty(); }
  std::size_t remaining() const { return rest_.size(); }
  void fail(std::string reason);

  bool boolean();
  std::int64_t zigzag();  // int and long
  float float32();
  double float64();
  std::string_view sized();  // bytes and string; a view into the input
  std::string_view raw(std::size_t count);

  // Items of an array's or map's next block; 0 at the end. More than there are bytes is damage: no
  // item of a manifest is empty.
  std::int64_t block();

  // The branch of a union that is there, or the schema itself if it is no union.
  const AvroSchema* resolve(const AvroSchema& schema);

  // Values by what the reader wants, whatever of the fitting types the writer chose; nothing for
  // null. Anything else is damage.
  std::optional<std::int64_t> integer(const AvroSchema& schema);
  std::optional<std::string_view> text(const AvroSchema& schema);
  std::optional<bool> flag(const AvroSchema& schema);

  void skip(const AvroSchema& schema, int depth = 0);

 private:
  std::string_view rest_;
  std::size_t steps_left_;  // for skip(): empty records inside empty records cost no bytes
  std::string failure_;
};

}  // namespace tradelake::iceberg
