#include "feed/capture_lines.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <vector>

#include <zstd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/json_text.h"

namespace tradelake::feed {
namespace {

// Small enough to stay in a core's cache: 1 MiB took six times as long to fill.
constexpr std::size_t read_bytes = 128 << 10;
constexpr std::size_t max_line_bytes = std::size_t{256} << 20;
constexpr std::string_view zstd_magic = "\x28\xb5\x2f\xfd";

using File = std::unique_ptr<std::FILE, decltype([](std::FILE* file) { std::fclose(file); })>;

Result<File> open_file(const std::string& path) {
  File file(std::fopen(path.c_str(), "rb"));
  if (!file) {
    return make_error(errno == ENOENT ? Errc::not_found : Errc::io, "cannot open {}: {}", path,
                      std::strerror(errno));
  }
  return file;
}

}  // namespace

struct CaptureLines::Impl {
  std::string path;
  File file;
  std::unique_ptr<ZSTD_DCtx, decltype([](ZSTD_DCtx* context) { ZSTD_freeDCtx(context); })> zstd;
  std::vector<char> input = std::vector<char>(read_bytes);
  ZSTD_inBuffer pending{nullptr, 0, 0};
  bool inside_frame = false;  // of zstd: the file may not end here
  bool at_end = false;
  std::string buffer;  // decompressed, from `line_start` on not yet given out
  std::size_t line_start = 0;
  std::int64_t n = 0;

  // Appends more text to the buffer; at_end when there is none.
  Result<> fill() {
    buffer.erase(0, line_start);
    line_start = 0;
    if (buffer.size() > max_line_bytes) {
      return make_error(Errc::corrupt, "{}: line {} is longer than {} bytes", path, n + 1,
                        max_line_bytes);
    }
    if (zstd && pending.pos < pending.size) return decompress();
    const std::size_t got = std::fread(input.data(), 1, input.size(), file.get());
    if (got == 0) {
      if (std::ferror(file.get()) != 0)
        return make_error(Errc::io, "cannot read {}: {}", path, std::strerror(errno));
      if (inside_frame) {
        return make_error(Errc::corrupt,
                          "{} breaks off in the middle of its compressed data, after line {}", path,
                          n);
      }
      at_end = true;
      return {};
    }
    if (!zstd) {
      buffer.append(input.data(), got);
      return {};
    }
    pending = {input.data(), got, 0};
    return decompress();
  }

  Result<> decompress() {
    const std::size_t had = buffer.size();
    buffer.resize(had + read_bytes);
    ZSTD_outBuffer out{buffer.data() + had, read_bytes, 0};
    const std::size_t hint = ZSTD_decompressStream(zstd.get(), &out, &pending);
    buffer.resize(had + out.pos);
    if (ZSTD_isError(hint)) {
      return make_error(Errc::corrupt, "{} is damaged after line {}: {}", path, n,
                        ZSTD_getErrorName(hint));
    }
    inside_frame = hint != 0;
    return {};
  }

  Result<RawCaptureLine> parse(std::string_view line) {
    const auto first = line.find('\t');
    const auto second = first == std::string_view::npos ? first : line.find('\t', first + 1);
    RawCaptureLine result;
    result.n = ++n;
    if (second != std::string_view::npos) {
      const auto [end, error] = std::from_chars(line.data(), line.data() + first, result.recv_ns);
      if (error == std::errc{} && end == line.data() + first) {
        result.category = line.substr(first + 1, second - first - 1);
        result.text = line.substr(second + 1);
        return result;
      }
    }
    return make_error(Errc::corrupt,
                      "{}: line {} is not of a capture's form: time in ns TAB category TAB frame",
                      path, n);
  }
};

CaptureLines::CaptureLines(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CaptureLines::CaptureLines(CaptureLines&&) noexcept = default;
CaptureLines::~CaptureLines() = default;

Result<CaptureLines> CaptureLines::open(const std::string& path) {
  auto impl = std::make_unique<Impl>();
  impl->path = path;
  TL_ASSIGN(impl->file, open_file(path));
  char magic[4] = {};
  const std::size_t got = std::fread(magic, 1, sizeof magic, impl->file.get());
  if (std::string_view(magic, got) == zstd_magic) impl->zstd.reset(ZSTD_createDCtx());
  std::rewind(impl->file.get());
  return CaptureLines(std::move(impl));
}

Result<std::optional<RawCaptureLine>> CaptureLines::next() {
  std::size_t searched = impl_->line_start;
  while (true) {
    const auto newline = impl_->buffer.find('\n', searched);
    if (newline != std::string::npos) {
      const auto line =
          std::string_view(impl_->buffer).substr(impl_->line_start, newline - impl_->line_start);
      impl_->line_start = newline + 1;
      return impl_->parse(line);
    }
    if (impl_->at_end) break;
    searched = impl_->buffer.size() - impl_->line_start;
    TL_TRY(impl_->fill());
  }
  // What is left has no newline: the whole last line of an editor, or a frame that was cut.
  const auto rest = std::string_view(impl_->buffer).substr(impl_->line_start);
  if (rest.empty()) return std::nullopt;
  impl_->line_start = impl_->buffer.size();
  const auto line = impl_->parse(rest);
  if (!line || !is_json(line->text)) {
    return make_error(Errc::corrupt, "{} breaks off in the middle of line {}", impl_->path,
                      impl_->n);
  }
  return *line;
}

Result<std::string> content_id(const std::string& path) {
  TL_ASSIGN(const auto file, open_file(path));
  const std::unique_ptr<XXH3_state_t, decltype([](XXH3_state_t* state) { XXH3_freeState(state); })>
      state(XXH3_createState());
  XXH3_128bits_reset(state.get());
  std::vector<char> buffer(read_bytes);
  while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get())) {
    XXH3_128bits_update(state.get(), buffer.data(), got);
  }
  if (std::ferror(file.get()) != 0)
    return make_error(Errc::io, "cannot read {}: {}", path, std::strerror(errno));
  const auto hash = XXH3_128bits_digest(state.get());
  return fmt::format("xxh3:{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace tradelake::feed
