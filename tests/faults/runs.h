// One run: captures are replayed and go through sink and candles to their end, struck by faults on
// the way, in as many lives as that takes; then the judge looks.
//
// Threads: one, beside those of the pipelines; runs are independent of each other. Invariant: the
// same plan gives the same run, apart from how far a sink reads while it writes.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "faults/lake_audit.h"
#include "faults/process.h"

namespace tradelake::faults {

// What another process does while the first one stands still.
enum class Other {
  none,
  shares,      // it is of the same group and has its share
  takes_over,  // it gets everything, as the first one is taken for dead
  foreign,     // there is no group: it writes where the first one does
};

struct Plan {
  InputOptions input;
  FakeLogOptions log;
  ProcessOptions process;
  std::vector<std::pair<int, iceberg::Fault>> faults;  // at which effect
  std::vector<int> failing_reads;                      // counted from 1
  Other other = Other::none;
  int other_opens_at_poll = 0;  // shares: when it joins
  int other_at = 0;             // before which effect of the first one it runs
  std::pair<int, iceberg::Fault> other_fault;
};

struct Outcome {
  int effects = 0, reads = 0;
  int happened = 0;  // faults, and runs of another process
  int crashes = 0;
  int lives = 0;
  std::vector<Errc> lost_codes;  // per effect, the code of a lost answer
  Verdict verdict;
};

Outcome run(const Plan& plan);

// Everything by chance, by seed: pairs of faults, sizes, gaps, a reader's moods, another process.
Plan plan_of(std::uint64_t seed);
// The plan of the enumeration: a small run without a fault.
Plan plain_plan();

std::string to_string(const Plan& plan);

}  // namespace tradelake::faults
