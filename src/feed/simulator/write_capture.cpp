#include "feed/simulator/write_capture.h"

#include <algorithm>

#include "feed/simulator/capture_writer.h"
#include "feed/simulator/faults.h"

namespace tradelake::feed {
namespace {

class Receiver {
 public:
  Receiver(CaptureWriter& writer, std::uint64_t seed) : writer_(writer), random_(~seed) {}

  Result<> take(const OutFrame& frame) {
    // Time on the way, around 20 ms; one socket, so never before the frame that was received last.
    const auto way_us = 15'000 + static_cast<std::int64_t>(random_.below(10'000));
    last_ns_ = std::max(last_ns_ + 1, (frame.due_us + way_us) * 1000);
    written.frames += 1;
    written.trades += frame.fresh.size();
    written.bytes += frame.text.size();
    return writer_.write(last_ns_, frame.category, frame.text);
  }

  WrittenCapture written;

 private:
  CaptureWriter& writer_;
  Random random_;
  std::int64_t last_ns_ = 0;
};

}  // namespace

Result<WrittenCapture> write_capture(const WriteCaptureOptions& options) {
  TL_ASSIGN(const auto listing, make_listing(options.symbols));
  TL_ASSIGN(auto writer, CaptureWriter::create(options.path));
  Generator generator(listing, options.generator);
  FrameFaults faults(listing, generator, options.faults, options.generator.seed);
  Receiver receiver(writer, options.generator.seed);
  GeneratedFrame frame;
  std::vector<OutFrame> out;
  for (std::uint64_t n = 0; n < options.frames; ++n) {
    generator.next(frame);
    out.clear();
    faults.mix(frame, out);
    for (const auto& sent : out) TL_TRY(receiver.take(sent));
  }
  out.clear();
  faults.flush(out);
  for (const auto& sent : out) TL_TRY(receiver.take(sent));
  TL_TRY(writer.close());
  return receiver.written;
}

}  // namespace tradelake::feed
