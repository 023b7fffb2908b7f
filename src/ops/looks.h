// Looks at parts of the outside, each in a thread of its own, and none waited for beyond its time.
//
// A look that does not end is left behind: nothing can interrupt a driver that waits. So whatever
// it uses belongs to it, and the process must end without destroying it (any_left()). Threads:
// start() and wait() from one; a Look's value may be read once wait() has returned. Does not: use
// timed waits on condition variables, which a faked clock (libfaketime) would make endless.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace tradelake::ops {

namespace detail {
struct LookState {
  std::atomic<bool> done = false;
  std::string thrown;
};
}  // namespace detail

template <class T>
class Look {
 public:
  // Nothing if it has not ended in time, or has thrown.
  const T* value() const {
    return state_ != nullptr && state_->done && state_->value ? &*state_->value : nullptr;
  }
  // Why there is no value.
  std::string reason() const {
    if (state_ != nullptr && state_->done) return state_->thrown;
    return "it did not answer in time";
  }

 private:
  friend class Looks;
  struct State : detail::LookState {
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

class Looks {
 public:
  template <class Work>
  auto start(Work work) -> Look<decltype(work())> {
    using T = decltype(work());
    Look<T> look;
    look.state_ = std::make_shared<typename Look<T>::State>();
    run(look.state_,
        [state = look.state_, work = std::move(work)] { state->value.emplace(work()); });
    return look;
  }

  // Until all have ended or the time is over.
  void wait(std::chrono::milliseconds time);
  // Whether one that was started is still under way.
  bool any_left() const;

 private:
  void run(const std::shared_ptr<detail::LookState>& state, std::function<void()> work);

  std::vector<std::shared_ptr<detail::LookState>> started_;
};

}  // namespace tradelake::ops
