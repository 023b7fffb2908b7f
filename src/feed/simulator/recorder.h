// The simulator's own account of what it sent: the truth that tests compare everything else with.
//
// One line per frame and connection, tab-separated: send time in ns, category, connection id, 1 if
// the write was completed while the connection was alive and 0 if not, topic, text. A 1 says that
// the bytes are in the connection, which the simulator never resets while they are; a client that
// dies does not read them.
//
// Threads: one owner. Does not: record answers to requests.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "bybit/category.h"
#include "core/error.h"

namespace tradelake::feed {

struct SentFrame {
  std::int64_t sent_ns = 0;
  bybit::Category category{};
  std::string_view conn_id;
  bool alive = false;
  std::string_view topic;
  std::string_view text;
};

class Recorder {
 public:
  // Either may be missing: an empty path, an empty function.
  static Result<std::unique_ptr<Recorder>> open(const std::string& path,
                                                std::function<void(const SentFrame&)> observer);
  ~Recorder();

  void record(const SentFrame& frame);
  void flush();

 private:
  struct Impl;
  explicit Recorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tradelake::feed
