// Everything that the configuration names, looked at: the order of the looks, what each needs of
// the others, and how long they may take.
//
// Three rounds: the parts by themselves; the tables' heads; what takes both. One part's failure
// keeps no other from being looked at; what needs it is skipped. Threads: diagnose() in one; each
// look has its own. Invariant: it ends within `most` and the two seconds that a Kafka client may
// take to go, whatever hangs. Does not: take locks, make or change anything that stays.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "core/lake_addresses.h"
#include "ops/check.h"
#include "ops/exchange_check.h"

namespace tradelake::ops {

struct DoctorOptions {
  LakeAddresses lake;
  SourceAddress source;
  std::int64_t stale_after_us = 60'000'000;
  Settings::Environment environment;           // has the S3 server and its keys
  std::chrono::milliseconds patience{10'000};  // with each round
  std::chrono::milliseconds most{14'000};      // for all rounds
};

struct Diagnosis {
  std::vector<Check> checks;
  bool hangs = false;  // a look is still under way: end the process without its destructors
};

Diagnosis diagnose(const DoctorOptions& options);

}  // namespace tradelake::ops
