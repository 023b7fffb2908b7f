// Makes a capture without any socket: what the simulated exchange would have sent, as fast as it
// can be written.
//
// Threads: pure but for the file; the same options give the same bytes.
#pragma once

#include <cstdint>
#include <string>

#include "core/error.h"
#include "feed/simulator/fault_plan.h"
#include "feed/simulator/generator.h"

namespace tradelake::feed {

struct WriteCaptureOptions {
  std::string path;
  std::string symbols;
  GeneratorOptions generator;
  FaultPlan faults;
  std::uint64_t frames = 0;  // of the generator; faults add to them
};

struct WrittenCapture {
  std::uint64_t frames = 0;
  std::uint64_t trades = 0;  // new good ones
  std::uint64_t bytes = 0;   // of frames
};

Result<WrittenCapture> write_capture(const WriteCaptureOptions& options);

}  // namespace tradelake::feed
