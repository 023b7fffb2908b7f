#include "bronze/frame_assembler.h"

namespace tradelake::bronze {

std::optional<AssembledFrame> FrameAssembler::add(const log::TopicPartition& where,
                                                  const log::Record& part) {
  std::optional<AssembledFrame> done;
  auto found = frames_.find(where);
  if (found != frames_.end() && part.headers.part == 0) {
    done = std::move(found->second.frame);
    done->missing_parts = found->second.parts - found->second.seen;
    frames_.erase(found);
    found = frames_.end();
  }
  if (found == frames_.end()) {
    found = frames_.emplace(where, Open{{part.offset, {}, 0}, part.headers.parts, 0}).first;
  }
  auto& open = found->second;
  open.frame.text.append(part.value);
  if (++open.seen == open.parts) {
    done = std::move(open.frame);
    frames_.erase(found);
  }
  return done;
}

}  // namespace tradelake::bronze
