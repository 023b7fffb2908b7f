#include "iceberg/avro_container.h"

#include <algorithm>
#include <utility>

#include "iceberg/deflate.h"
#include "iceberg/random_id.h"

namespace tradelake::iceberg {
namespace {

constexpr std::string_view kMagic{"Obj\1", 4};
constexpr std::size_t kSyncBytes = 16;
// Where a block is closed: large enough to compress well, small enough to stream.
constexpr std::size_t kBlockBytes = 64 * 1024;

}  // namespace

AvroWriter::AvroWriter(std::string_view schema_json,
                       const std::vector<std::pair<std::string, std::string>>& metadata)
    : sync_(random_uuid().substr(0, kSyncBytes)) {
  AvroOutput header;
  header.raw(kMagic);
  header.begin_items(metadata.size() + 2);
  header.sized("avro.schema");
  header.sized(schema_json);
  header.sized("avro.codec");
  header.sized("deflate");
  for (const auto& [key, value] : metadata) {
    header.sized(key);
    header.sized(value);
  }
  header.end_items();
  header.raw(sync_);
  out_ = header.bytes();
}

void AvroWriter::end_object() {
  ++objects_in_block_;
  if (block_.size() >= kBlockBytes) flush();
}

void AvroWriter::flush() {
  if (objects_in_block_ == 0) return;
  AvroOutput framed;
  framed.integer(objects_in_block_);
  framed.sized(deflate(block_.bytes(), DeflateFormat::raw));
  framed.raw(sync_);
  out_ += framed.bytes();
  block_.clear();
  objects_in_block_ = 0;
}

std::string AvroWriter::finish() && {
  flush();
  return std::move(out_);
}

Result<AvroReader> AvroReader::open(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return make_error(Errc::corrupt, "not an Avro container file");
  AvroReader reader(bytes.substr(kMagic.size()));
  auto& header = reader.rest_;
  for (auto count = header.block(); count > 0; count = header.block()) {
    for (; count > 0 && header.ok(); --count) {
      const auto key = header.sized();
      reader.metadata_.insert_or_assign(std::string(key), std::string(header.sized()));
    }
  }
  reader.sync_ = header.raw(kSyncBytes);
  if (!header.ok()) return make_error(Errc::corrupt, "Avro header: {}", header.failure());

  const auto codec = reader.metadata_.find("avro.codec");
  if (codec != reader.metadata_.end() && codec->second == "deflate") {
    reader.deflated_ = true;
  } else if (codec != reader.metadata_.end() && codec->second != "null") {
    return make_error(Errc::unsupported, "Avro codec \"{}\"; deflate and null are read",
                      codec->second);
  }
  const auto schema = reader.metadata_.find("avro.schema");
  if (schema == reader.metadata_.end()) {
    return make_error(Errc::corrupt, "Avro header: no \"avro.schema\"");
  }
  TL_ASSIGN(reader.schema_, parse_avro_schema(schema->second));
  return reader;
}

Result<AvroReader::Block> AvroReader::next_block() {
  Block block{.objects = rest_.zigzag(), .bytes = rest_.sized()};
  const auto sync = rest_.raw(kSyncBytes);
  if (!rest_.ok()) return make_error(Errc::corrupt, "Avro file: {}", rest_.failure());
  if (sync != sync_) return make_error(Errc::corrupt, "Avro file: a sync marker is wrong");
  if (deflated_) {
    TL_ASSIGN(unpacked_, inflate(block.bytes, DeflateFormat::raw, avro_max_block_bytes));
    block.bytes = unpacked_;
  }
  if (block.objects < 0 || std::cmp_greater(block.objects, block.bytes.size())) {
    return make_error(Errc::corrupt, "Avro file: a block of {} bytes claims {} objects",
                      block.bytes.size(), block.objects);
  }
  return block;
}

}  // namespace tradelake::iceberg
