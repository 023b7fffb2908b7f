#include "feed/simulator/recorder.h"

#include <cerrno>
#include <cstdio>
#include <cstring>

#include <fmt/format.h>

namespace tradelake::feed {
namespace {

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

struct Recorder::Impl {
  std::unique_ptr<std::FILE, FileCloser> file;
  std::function<void(const SentFrame&)> observer;
};

Recorder::Recorder(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Recorder::~Recorder() = default;

Result<std::unique_ptr<Recorder>> Recorder::open(const std::string& path,
                                                 std::function<void(const SentFrame&)> observer) {
  auto impl = std::make_unique<Impl>();
  impl->observer = std::move(observer);
  if (!path.empty()) {
    impl->file.reset(std::fopen(path.c_str(), "wb"));
    if (!impl->file) return make_error(Errc::io, "record {}: {}", path, std::strerror(errno));
  }
  return std::unique_ptr<Recorder>(new Recorder(std::move(impl)));
}

void Recorder::record(const SentFrame& frame) {
  if (impl_->observer) impl_->observer(frame);
  if (!impl_->file) return;
  fmt::print(impl_->file.get(), "{}\t{}\t{}\t{}\t{}\t", frame.sent_ns, to_string(frame.category),
             frame.conn_id, frame.alive ? 1 : 0, frame.topic);
  // fmt would refuse the bytes of a frame that is not UTF-8 on purpose.
  std::fwrite(frame.text.data(), 1, frame.text.size(), impl_->file.get());
  std::fputc('\n', impl_->file.get());
}

void Recorder::flush() {
  if (impl_->file) std::fflush(impl_->file.get());
}

}  // namespace tradelake::feed
