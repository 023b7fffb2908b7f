#include "ops/low_priority.h"

#include <sys/resource.h>

namespace tradelake::ops {
namespace {

// A ninth of an ordinary thread's weight (sched(7): 1.25 for each step). Not idle: a thread that
// never runs beside others would keep whoever waits for its commit.
constexpr int nice_level = 10;

}  // namespace

void give_way_to_other_threads() {
  // On Linux niceness is a thread's (setpriority(2), "C library/kernel differences"). A lower one
  // is never refused; one that somebody has lowered further stays.
  if (::getpriority(PRIO_PROCESS, 0) < nice_level) (void)::setpriority(PRIO_PROCESS, 0, nice_level);
}

}  // namespace tradelake::ops
