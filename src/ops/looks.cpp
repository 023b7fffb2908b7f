#include "ops/looks.h"

#include <algorithm>
#include <exception>
#include <thread>

namespace tradelake::ops {

void Looks::run(const std::shared_ptr<detail::LookState>& state, std::function<void()> work) {
  started_.push_back(state);
  std::thread([state, work = std::move(work)] {
    try {
      work();
    } catch (const std::exception& error) {
      state->thrown = error.what();
    }
    state->done = true;
  }).detach();
}

void Looks::wait(std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds pause{5};
  const auto deadline = std::chrono::steady_clock::now() + time;
  while (any_left() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(pause);
}

bool Looks::any_left() const {
  return std::ranges::any_of(started_, [](const auto& state) { return !state->done; });
}

}  // namespace tradelake::ops
