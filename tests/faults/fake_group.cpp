#include "faults/fake_group.h"

#include <utility>

namespace tradelake::faults {

int FakeGroup::join(const Partitions& all) {
  all_ = {all.begin(), all.end()};
  members_[next_member_];
  return next_member_++;
}

void FakeGroup::expire(int member) {
  auto& gone = members_.at(member);
  gone.expired = true;
  gone.lost = std::exchange(gone.owned, {});
}

FakeGroup::Change FakeGroup::next(int member) {
  auto& self = members_.at(member);
  Change change;
  if (std::exchange(self.expired, false) && !self.lost.empty()) {
    change.lost = {self.lost.begin(), self.lost.end()};
    self.lost.clear();
    return change;
  }
  const auto share = share_of(member);
  for (const auto& where : self.owned) {
    if (!share.contains(where)) change.give_up.push_back(where);
  }
  if (!change.give_up.empty()) return change;
  auto free = share;
  for (const auto& [id, other] : members_) {
    for (const auto& where : other.owned) free.erase(where);
  }
  self.owned.insert(free.begin(), free.end());
  change.take = {free.begin(), free.end()};
  return change;
}

void FakeGroup::released(int member, const Partitions& partitions) {
  for (const auto& where : partitions) members_.at(member).owned.erase(where);
}

// Every n-th partition, n being how many members there are.
std::set<log::TopicPartition> FakeGroup::share_of(int member) const {
  std::vector<int> present;
  for (const auto& [id, other] : members_) {
    if (!other.expired) present.push_back(id);
  }
  std::set<log::TopicPartition> share;
  std::size_t turn = 0;
  for (const auto& where : all_) {
    if (present[turn++ % present.size()] == member) share.insert(where);
  }
  return share;
}

}  // namespace tradelake::faults
