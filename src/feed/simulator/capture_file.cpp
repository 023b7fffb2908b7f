#include "feed/simulator/capture_file.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

#include <zstd.h>

namespace tradelake::feed {
namespace {

constexpr std::size_t block_bytes = 1 << 20;
constexpr int compression_level = 1;  // data made for a test: speed before size

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileCloser>;

Result<File> open_file(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  if (!file) return make_error(Errc::io, "capture {}: {}", path, std::strerror(errno));
  return file;
}

bool is_compressed(std::string_view path) {
  return path.ends_with(".zst");
}

struct FreeCompressor {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};
struct FreeDecompressor {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

}  // namespace

struct CaptureWriter::Impl {
  std::string path;
  File file;
  std::unique_ptr<ZSTD_CCtx, FreeCompressor> zstd;
  std::string pending;
  std::string packed;

  Result<> put(std::string_view bytes) {
    if (std::fwrite(bytes.data(), 1, bytes.size(), file.get()) == bytes.size()) return {};
    return make_error(Errc::io, "capture {}: cannot write: {}", path, std::strerror(errno));
  }

  Result<> flush(bool last) {
    if (!zstd) {
      TL_TRY(put(pending));
      pending.clear();
      return {};
    }
    ZSTD_inBuffer in{pending.data(), pending.size(), 0};
    packed.resize(ZSTD_CStreamOutSize());
    for (;;) {
      ZSTD_outBuffer out{packed.data(), packed.size(), 0};
      const std::size_t left =
          ZSTD_compressStream2(zstd.get(), &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
      if (ZSTD_isError(left)) {
        return make_error(Errc::io, "capture {}: zstd: {}", path, ZSTD_getErrorName(left));
      }
      TL_TRY(put({packed.data(), out.pos}));
      if (last ? left == 0 : in.pos == in.size) break;
    }
    pending.clear();
    return {};
  }
};

CaptureWriter::CaptureWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaptureWriter::CaptureWriter(CaptureWriter&&) noexcept = default;
CaptureWriter& CaptureWriter::operator=(CaptureWriter&&) noexcept = default;
CaptureWriter::~CaptureWriter() = default;

Result<CaptureWriter> CaptureWriter::create(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  TL_ASSIGN(impl->file, open_file(path, "wb"));
  if (is_compressed(path)) {
    impl->zstd.reset(ZSTD_createCCtx());
    ZSTD_CCtx_setParameter(impl->zstd.get(), ZSTD_c_compressionLevel, compression_level);
    ZSTD_CCtx_setParameter(impl->zstd.get(), ZSTD_c_checksumFlag, 1);
  }
  impl->pending.reserve(block_bytes + block_bytes / 4);
  return CaptureWriter(std::move(impl));
}

Result<> CaptureWriter::write(std::int64_t recv_ns, bybit::Category category,
                              std::string_view text) {
  char number[24];
  const auto end = std::to_chars(number, number + sizeof number, recv_ns).ptr;
  auto& pending = impl_->pending;
  pending.append(number, end);
  pending += '\t';
  pending += to_string(category);
  pending += '\t';
  pending += text;
  pending += '\n';
  return pending.size() < block_bytes ? Result<>{} : impl_->flush(false);
}

Result<> CaptureWriter::close() {
  TL_TRY(impl_->flush(true));
  if (std::fclose(impl_->file.release()) == 0) return {};
  return make_error(Errc::io, "capture {}: cannot close: {}", impl_->path, std::strerror(errno));
}

struct CaptureReader::Impl {
  std::string path;
  File file;
  std::unique_ptr<ZSTD_DCtx, FreeDecompressor> zstd;
  std::vector<char> raw;
  ZSTD_inBuffer in{nullptr, 0, 0};
  bool frame_open = false;  // inside a zstd frame: an end of the file here is a cut file
  bool at_end = false;
  std::string text;  // what is read and not yet given out begins at `begin`
  std::size_t begin = 0;
  std::uint64_t line = 0;

  Result<std::string_view> read_raw() {
    raw.resize(block_bytes);
    const auto n = std::fread(raw.data(), 1, raw.size(), file.get());
    if (n == 0 && std::ferror(file.get())) {
      return make_error(Errc::io, "capture {}: cannot read: {}", path, std::strerror(errno));
    }
    return std::string_view(raw.data(), n);
  }

  Result<> more() {
    text.erase(0, begin);
    begin = 0;
    if (!zstd) {
      TL_ASSIGN(const auto bytes, read_raw());
      at_end = bytes.empty();
      text += bytes;
      return {};
    }
    if (in.pos == in.size) {
      TL_ASSIGN(const auto bytes, read_raw());
      in = {bytes.data(), bytes.size(), 0};
      if (bytes.empty()) {
        at_end = true;
        if (!frame_open) return {};
        return make_error(Errc::corrupt, "capture {}: the compressed file is cut short", path);
      }
    }
    const auto old = text.size();
    text.resize(old + block_bytes);
    ZSTD_outBuffer out{text.data() + old, block_bytes, 0};
    const auto left = ZSTD_decompressStream(zstd.get(), &out, &in);
    text.resize(old + out.pos);
    if (ZSTD_isError(left)) {
      return make_error(Errc::corrupt, "capture {}: zstd: {}", path, ZSTD_getErrorName(left));
    }
    frame_open = left != 0;
    return {};
  }

  Result<CaptureLine> parse(std::string_view whole) const {
    CaptureLine parsed;
    const auto tab = std::min(whole.find('\t'), whole.size());
    const auto second = whole.find('\t', tab + 1);
    const auto number = std::from_chars(whole.data(), whole.data() + tab, parsed.recv_ns);
    if (second == std::string_view::npos || number.ec != std::errc{} ||
        number.ptr != whole.data() + tab) {
      return make_error(Errc::corrupt,
                        "capture {}: line {} is not 'nanoseconds TAB category TAB frame'", path,
                        line);
    }
    const auto name = whole.substr(tab + 1, second - tab - 1);
    const auto category = bybit::parse_category(name);
    if (!category) {
      return make_error(Errc::corrupt,
                        "capture {}: line {} has category '{}'; allowed are spot, linear, inverse, "
                        "option",
                        path, line, name);
    }
    parsed.category = *category;
    parsed.text = whole.substr(second + 1);
    return parsed;
  }
};

CaptureReader::CaptureReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaptureReader::CaptureReader(CaptureReader&&) noexcept = default;
CaptureReader& CaptureReader::operator=(CaptureReader&&) noexcept = default;
CaptureReader::~CaptureReader() = default;

Result<CaptureReader> CaptureReader::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  TL_ASSIGN(impl->file, open_file(path, "rb"));
  if (is_compressed(path)) impl->zstd.reset(ZSTD_createDCtx());
  return CaptureReader(std::move(impl));
}

Result<std::optional<CaptureLine>> CaptureReader::next() {
  auto& impl = *impl_;
  std::size_t searched = 0;
  for (;;) {
    const auto end = impl.text.find('\n', impl.begin + searched);
    if (end != std::string::npos) {
      const auto whole = std::string_view(impl.text).substr(impl.begin, end - impl.begin);
      impl.begin = end + 1;
      ++impl.line;
      TL_ASSIGN(auto line, impl.parse(whole));
      return line;
    }
    searched = impl.text.size() - impl.begin;
    if (impl.at_end) break;
    TL_TRY(impl.more());
  }
  if (searched == 0) return std::nullopt;
  ++impl.line;
  const auto whole = std::string_view(impl.text).substr(impl.begin);
  impl.begin = impl.text.size();
  TL_ASSIGN(auto line, impl.parse(whole));
  return line;
}

}  // namespace tradelake::feed
