#include "feed/simulator/capture_writer.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include <zstd.h>

namespace tradelake::feed {
namespace {

constexpr std::size_t block_bytes = 1 << 20;
constexpr int compression_level = 1;  // data made for a test: speed before size

using File = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;
using Compressor =
    std::unique_ptr<ZSTD_CCtx, decltype([](ZSTD_CCtx* context) { ZSTD_freeCCtx(context); })>;

}  // namespace

struct CaptureWriter::Impl {
  std::string path;
  File file;
  Compressor zstd;
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
  impl->file.reset(std::fopen(path.c_str(), "wb"));
  if (!impl->file) return make_error(Errc::io, "capture {}: {}", path, std::strerror(errno));
  if (path.ends_with(".zst")) {
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

}  // namespace tradelake::feed
