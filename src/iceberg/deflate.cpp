#include "iceberg/deflate.h"

#include <algorithm>
#include <new>

#include <zlib.h>

namespace tradelake::iceberg {
namespace {

// zlib: negative = raw deflate, 16 more = gzip.
int window_bits(DeflateFormat format) {
  return format == DeflateFormat::raw ? -MAX_WBITS : MAX_WBITS + 16;
}

// zlib's input is not const in its older headers.
Bytef* input_of(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
}

}  // namespace

std::string deflate(std::string_view bytes, DeflateFormat format) {
  constexpr int memory_level = 8;
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits(format), memory_level,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();  // the only way this call with constant arguments fails
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  ::deflate(&stream, Z_FINISH);  // one call is enough: the output has deflateBound() bytes
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Result<std::string> inflate(std::string_view bytes, DeflateFormat format, std::size_t limit) {
  z_stream stream{};
  if (inflateInit2(&stream, window_bits(format)) != Z_OK) throw std::bad_alloc();
  stream.next_in = input_of(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  int code = Z_OK;
  while (code == Z_OK && out.size() < limit) {
    // Grows with what really comes out, so a claimed size costs nothing.
    const auto before = out.size();
    out.resize(std::min(limit, std::max<std::size_t>(before * 2, bytes.size() * 4 + 64)));
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = static_cast<uInt>(out.size() - before);
    code = ::inflate(&stream, Z_NO_FLUSH);
    const bool stuck = code == Z_OK && stream.avail_out != 0;  // input used up, no end seen
    out.erase(out.size() - stream.avail_out);
    if (stuck) break;
  }
  inflateEnd(&stream);
  if (code == Z_STREAM_END) return out;
  return make_error(Errc::corrupt,
                    "compressed data of {} bytes is damaged, cut off or larger than {} bytes",
                    bytes.size(), limit);
}

}  // namespace tradelake::iceberg
