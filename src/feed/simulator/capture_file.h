// Captures: one frame a line, "receive time in ns TAB category TAB frame", zstd if the name says
// so.
//
// Threads: one owner each. Errors name the file. A writer that is destroyed without close() leaves
// a file that may lack its end. Does not: resume or route (replay does).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "bybit/category.h"
#include "core/error.h"

namespace tradelake::feed {

struct CaptureLine {
  std::int64_t recv_ns = 0;
  bybit::Category category{};
  std::string_view text;  // valid until the next call of next()
};

class CaptureWriter {
 public:
  // Compressed if `path` ends in ".zst"; an existing file is replaced.
  static Result<CaptureWriter> create(const std::string& path);
  CaptureWriter(CaptureWriter&&) noexcept;
  CaptureWriter& operator=(CaptureWriter&&) noexcept;
  ~CaptureWriter();

  Result<> write(std::int64_t recv_ns, bybit::Category category, std::string_view text);
  Result<> close();

 private:
  struct Impl;
  explicit CaptureWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class CaptureReader {
 public:
  static Result<CaptureReader> open(const std::string& path);
  CaptureReader(CaptureReader&&) noexcept;
  CaptureReader& operator=(CaptureReader&&) noexcept;
  ~CaptureReader();

  // Nothing at the end. A line that is not of a capture's form is an error that names its number.
  Result<std::optional<CaptureLine>> next();

 private:
  struct Impl;
  explicit CaptureReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tradelake::feed
