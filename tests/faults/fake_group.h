// Who of a group's members has which partition: even shares, moved one step at a time. A partition
// goes to its next owner only when the one before has given it up, or has stood still for too long.
//
// Threads: one at a time; the log locks. Does not: read, or call members.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "log/record.h"

namespace tradelake::faults {

class FakeGroup {
 public:
  using Partitions = std::vector<log::TopicPartition>;

  // `all` are the partitions that the group shares.
  int join(const Partitions& all);
  void leave(int member) { members_.erase(member); }
  // The member stands still: the others share what it had, and it learns that when it goes on.
  void expire(int member);

  // What a member has to do next; at most one of these is not empty. `lost` is not its any more,
  // `take` is from now on, and `give_up` is until released() is called.
  struct Change {
    Partitions lost, give_up, take;
    bool none() const { return lost.empty() && give_up.empty() && take.empty(); }
  };
  Change next(int member);
  void released(int member, const Partitions& partitions);

 private:
  struct Member {
    std::set<log::TopicPartition> owned;
    bool expired = false;  // what it owned is others' already
    std::set<log::TopicPartition> lost;
  };
  std::set<log::TopicPartition> share_of(int member) const;

  std::set<log::TopicPartition> all_;
  std::map<int, Member> members_;
  int next_member_ = 0;
};

}  // namespace tradelake::faults
