// The lines of a capture, plain or zstd: "receive time in ns TAB category TAB frame".
//
// Threads: one owner. Invariant: a line is given out only if the file has it to its end, so a
// capture that breaks off ends with an error after its last whole line. Does not: know categories
// or JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"

namespace tradelake::feed {

struct RawCaptureLine {
  std::int64_t n = 0;  // from 1
  std::int64_t recv_ns = 0;
  std::string_view category;
  std::string_view text;  // both valid until the next call of next()
};

class CaptureLines {
 public:
  // Errors: not_found, io.
  static Result<CaptureLines> open(const std::string& path);
  CaptureLines(CaptureLines&&) noexcept;
  ~CaptureLines();

  // Nothing at the end. Errors: corrupt, with the number of the line (not of the form, or cut off).
  Result<std::optional<RawCaptureLine>> next();

 private:
  struct Impl;
  explicit CaptureLines(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Names a file by its content: the same bytes under another name are the same source.
Result<std::string> content_id(const std::string& path);

}  // namespace tradelake::feed
