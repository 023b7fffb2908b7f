// Frames that were logged in parts because of their size, put together again.
//
// Threads: one. Invariant: while open(), nothing at or after the first part may be committed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "log/record.h"

namespace tradelake::bronze {

struct AssembledFrame {
  std::int64_t first_offset = 0;
  std::string text;
  std::uint32_t missing_parts = 0;  // another frame began before all parts had come
};

class FrameAssembler {
 public:
  // A frame that this part completes, or that it shows to be incomplete.
  std::optional<AssembledFrame> add(const log::TopicPartition& where, const log::Record& part);
  bool open() const { return !frames_.empty(); }

 private:
  struct Open {
    AssembledFrame frame;
    std::uint32_t parts = 0;
    std::uint32_t seen = 0;
  };
  std::map<log::TopicPartition, Open> frames_;
};

}  // namespace tradelake::bronze
