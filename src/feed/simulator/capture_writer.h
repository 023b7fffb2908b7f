// Writes captures, as feed/capture_lines reads them: "receive time in ns TAB category TAB frame" a
// line.
//
// Threads: one owner. Errors name the file. A writer that is destroyed without close() leaves a
// file that may lack its end.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "bybit/category.h"
#include "core/error.h"

namespace tradelake::feed {

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

}  // namespace tradelake::feed
