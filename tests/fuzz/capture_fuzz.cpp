// Captures of anybody, plain and compressed. Invariant checked: lines are numbered without a gap.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "feed/capture_lines.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = memfd_create("capture", 0);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) abort();
  auto lines = tradelake::feed::CaptureLines::open("/proc/self/fd/" + std::to_string(file));
  if (!lines) return 0;
  std::int64_t last = 0;
  while (true) {
    const auto line = lines->next();
    if (!line || !*line) return 0;
    if ((*line)->n != ++last) abort();
  }
}
