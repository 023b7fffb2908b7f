#include "iceberg/commit_queue.h"

#include <iterator>

namespace tradelake::iceberg {

class CommitQueue::Held final : public Turn {
 public:
  Held(CommitQueue& queue, Company company) : queue_(queue), company_(company) {}
  ~Held() override { queue_.end(company_); }

 private:
  CommitQueue& queue_;
  const Company company_;
};

std::unique_ptr<CommitQueue::Turn> CommitQueue::wait(Company company,
                                                     std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  waiting_.push_back({company});
  const auto us = std::prev(waiting_.end());
  call_next();
  const bool called = changed_.wait_for(lock, patience, [&] { return us->called; });
  if (called) {
    waiting_.erase(us);
    return std::make_unique<Held>(*this, company);
  }
  waiting_.erase(us);
  call_next();  // who waited behind us need not
  return nullptr;
}

// Those at the front whose turn it is, from now on counted as under way.
void CommitQueue::call_next() {
  for (auto& next : waiting_) {
    if (next.called) continue;
    if (alone_ || (next.company == Company::none && together_ > 0)) break;
    next.called = true;
    if (next.company == Company::none) {
      alone_ = true;
    } else {
      ++together_;
    }
  }
  changed_.notify_all();
}

void CommitQueue::end(Company company) {
  const std::lock_guard lock(mutex_);
  if (company == Company::none) {
    alone_ = false;
  } else {
    --together_;
  }
  call_next();
}

}  // namespace tradelake::iceberg
