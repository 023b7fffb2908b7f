// What may take its time gives way to what may not, on the cores they share.
//
// Threads: any. Does not: keep to a share when nobody else wants the core (cpu_quota.h).
#pragma once

namespace tradelake::ops {

// Of the calling thread, and of those that it starts from here on. There is no way back.
void give_way_to_other_threads();

}  // namespace tradelake::ops
