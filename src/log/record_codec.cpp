#include "log/record_codec.h"

#include <algorithm>
#include <cstring>

#include <zstd.h>

namespace tradelake::log {
namespace {

constexpr std::size_t header_bytes = 4 + 2 + 1 + 1 + 1 + 1 + 8 + 4 + 4;
constexpr std::size_t padding_bytes = 64;
constexpr std::size_t max_batch_bytes = std::size_t{1} << 30;

template <class T>
void put(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <class T>
T take(const char*& at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  at += sizeof value;
  return value;
}

}  // namespace

void encode_record(const NewRecord& record, std::string& out) {
  const auto& h = record.headers;
  const auto key = record.key.substr(0, 0xffff);
  const auto conn = h.conn.substr(0, 0xff);
  const auto category = h.category.substr(0, 0xff);
  put(out, static_cast<std::uint32_t>(record.value.size()));
  put(out, static_cast<std::uint16_t>(key.size()));
  put(out, static_cast<std::uint8_t>(conn.size()));
  put(out, static_cast<std::uint8_t>(category.size()));
  put(out, static_cast<std::uint8_t>(h.kind));
  put(out, static_cast<std::uint8_t>(h.origin));
  put(out, h.recv_ns);
  put(out, h.part);
  put(out, h.parts);
  out.append(key).append(conn).append(category).append(record.value);
}

struct BatchCompressor::State {
  std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), ZSTD_freeCCtx};
  std::string buffer;
};

BatchCompressor::BatchCompressor() : state_(std::make_unique<State>()) {
  ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_compressionLevel, 1);
  ZSTD_CCtx_setParameter(state_->context.get(), ZSTD_c_checksumFlag, 1);
}
BatchCompressor::~BatchCompressor() = default;

std::string_view BatchCompressor::compress(std::string_view raw) {
  state_->buffer.resize(ZSTD_compressBound(raw.size()));
  // Cannot fail: the destination is at its bound.
  const std::size_t size = ZSTD_compress2(state_->context.get(), state_->buffer.data(),
                                          state_->buffer.size(), raw.data(), raw.size());
  return {state_->buffer.data(), size};
}

struct BatchDecoder::State {
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context{ZSTD_createDCtx(), ZSTD_freeDCtx};
};

BatchDecoder::BatchDecoder() : state_(std::make_unique<State>()) {}
BatchDecoder::~BatchDecoder() = default;

Result<std::shared_ptr<const void>> BatchDecoder::decode(std::string_view compressed,
                                                         std::int64_t base_offset,
                                                         std::vector<Record>& out) {
  const auto size = ZSTD_getFrameContentSize(compressed.data(), compressed.size());
  if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN ||
      size > max_batch_bytes) {
    return make_error(Errc::corrupt, "the record batch at offset {} is damaged", base_offset);
  }
  const std::shared_ptr<char[]> buffer(new char[size + padding_bytes]);
  const std::size_t written = ZSTD_decompressDCtx(state_->context.get(), buffer.get(), size,
                                                  compressed.data(), compressed.size());
  if (ZSTD_isError(written) || written != size) {
    return make_error(Errc::corrupt, "the record batch at offset {} is damaged: {}", base_offset,
                      ZSTD_isError(written) ? ZSTD_getErrorName(written) : "wrong length");
  }
  std::memset(buffer.get() + size, 0, padding_bytes);
  const char* at = buffer.get();
  const char* const end = at + size;
  for (std::int64_t offset = base_offset; at < end; ++offset) {
    if (static_cast<std::size_t>(end - at) < header_bytes) {
      return make_error(Errc::corrupt, "the record at offset {} is cut off", offset);
    }
    Record record;
    record.offset = offset;
    const auto value_size = take<std::uint32_t>(at);
    const auto key_size = take<std::uint16_t>(at);
    const auto conn_size = take<std::uint8_t>(at);
    const auto category_size = take<std::uint8_t>(at);
    record.headers.kind = static_cast<RecordKind>(take<std::uint8_t>(at));
    record.headers.origin = static_cast<Origin>(take<std::uint8_t>(at));
    record.headers.recv_ns = take<std::int64_t>(at);
    record.headers.part = take<std::uint32_t>(at);
    record.headers.parts = take<std::uint32_t>(at);
    const std::size_t body = std::size_t{value_size} + key_size + conn_size + category_size;
    if (static_cast<std::size_t>(end - at) < body) {
      return make_error(Errc::corrupt, "the record at offset {} is cut off", offset);
    }
    record.key = {at, key_size};
    record.headers.conn = {at + key_size, conn_size};
    record.headers.category = {at + key_size + conn_size, category_size};
    record.value = {at + key_size + conn_size + category_size, value_size};
    at += body;
    out.push_back(record);
  }
  return std::shared_ptr<const void>(buffer, buffer.get());
}

}  // namespace tradelake::log
