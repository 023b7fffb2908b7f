// The order in which a process's transactions commit: the first attempt beside others, later ones
// alone, in the order they came. Without it a writer that takes long to make its change, such as
// compaction, would lose to one that commits all the time at every attempt.
//
// Threads: any. Invariant: whoever waits gets its turn before those who came later. Only a
// courtesy: what is right is decided by the catalog's compare-and-swap, so a turn that does not
// come in time is gone without.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>

namespace tradelake::iceberg {

class CommitQueue {
 public:
  class Turn {
   public:
    virtual ~Turn() = default;  // ends it
  };
  enum class Company { others, none };

  // nullptr: not within the time. The queue outlives its turns.
  std::unique_ptr<Turn> wait(Company company, std::chrono::milliseconds patience);

 private:
  struct Waiting {
    Company company;
    bool called = false;
  };
  class Held;
  void call_next();
  void end(Company company);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Waiting> waiting_;  // first come first
  int together_ = 0;            // turns beside others
  bool alone_ = false;
};

}  // namespace tradelake::iceberg
