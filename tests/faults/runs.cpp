#include "faults/runs.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>

namespace tradelake::faults {
namespace {

using iceberg::Fault;
using iceberg::Faults;

constexpr int max_lives = 20;

class Run {
 public:
  explicit Run(const Plan& plan) : plan_(plan), world_(plan.input, plan.log) {
    for (const auto& [at, fault] : plan.faults) faults_.add(fault, at);
    for (const auto at : plan.failing_reads) faults_.fail_read(at);
    if (plan.other_fault.first > 0)
      other_faults_.add(plan.other_fault.second, plan.other_fault.first);
    if (plan.other != Other::none) faults_.stand_still(plan.other_at, [this] { other_acts(); });
  }

  Outcome run() {
    for (std::size_t n = 0; n < world_.input.size() && outcome_.verdict.findings.empty(); ++n) {
      world_.append_gaps(n);
      while (!(live(n) && complete()) && outcome_.verdict.findings.empty()) {
        other_.reset();
        if (outcome_.lives >= max_lives) finding("it does not come to its end");
      }
    }
    other_.reset();
    outcome_.effects = faults_.effects();
    outcome_.reads = faults_.reads();
    outcome_.happened += faults_.happened() + other_faults_.happened();
    outcome_.lost_codes = faults_.lost_codes();
    auto verdict = audit(world_, expect(world_, plan_.process.grace_ms));
    std::ranges::move(verdict.findings, std::back_inserter(outcome_.verdict.findings));
    outcome_.verdict.lost = verdict.lost;
    outcome_.verdict.doubled = verdict.doubled;
    return std::move(outcome_);
  }

 private:
  void finding(const std::string& text) { outcome_.verdict.findings.push_back(text); }

  // Whether the process came to its own end.
  bool live(std::size_t capture) {
    ++outcome_.lives;
    faults_.restart();
    auto options = plan_.process;
    options.polls.seed = plan_.process.polls.seed + static_cast<std::uint64_t>(outcome_.lives);
    try {
      Process process(world_, faults_, options);
      process.log().before_poll = [this](int) { other_joins(); };
      return ended(process.replay(world_.capture(capture))) && stage(process, Stage::sink) &&
             stage(process, Stage::candles);
    } catch (const iceberg::SimulatedCrash&) {
      ++outcome_.crashes;
      return false;
    }
  }

  bool stage(Process& process, Stage stage) {
    stage_ = stage;
    return ended(process.open(stage)) && ended(process.run());
  }

  // A process may end on each of these, and is started again; on anything else nobody could.
  bool ended(const Result<>& done) {
    if (done) return true;
    const auto code = done.error().code;
    const bool expected = code == Errc::unavailable || code == Errc::unknown_outcome ||
                          code == Errc::io || (code == Errc::fenced && plan_.other != Other::none);
    if (!expected) finding(fmt::format("ended with {}: {}", to_string(code), done.error().message));
    return false;
  }

  bool complete() {
    const auto catalog =
        iceberg::catalog_in([this] { return world_.session(); }, World::catalog_name);
    return std::ranges::all_of(std::array{"bronze", "silver"}, [&](const std::string pipeline) {
      const auto rows = catalog->progress(pipeline);
      return rows && std::ranges::all_of(*world_.log.offsets(), [&](const auto& entry) {
               const auto& [where, range] = entry;
               return !is_read_by(pipeline, where.topic) || range.end == 0 ||
                      std::ranges::any_of(*rows, [&](const auto& row) {
                        return row.topic == where.topic && row.partition == where.partition &&
                               row.next_offset == range.end;
                      });
             });
    });
  }

  // Makes the other process, which becomes a member where there is a group.
  bool open_other() {
    other_faults_.restart();
    auto options = plan_.process;
    options.polls.seed += 500;
    try {
      other_.emplace(world_, other_faults_, options);
      if (ended(other_->open(stage_))) return true;
    } catch (const iceberg::SimulatedCrash&) {
      ++outcome_.crashes;
    }
    other_.reset();
    return false;
  }

  void other_joins() {
    if (plan_.other != Other::shares || ++polls_ != plan_.other_opens_at_poll) return;
    const std::lock_guard lock(other_mutex_);
    if (!other_) open_other();
  }

  void other_acts() {
    if (plan_.other == Other::takes_over) world_.log.expire_members();
    const std::lock_guard lock(other_mutex_);
    if (!other_ && !open_other()) return;
    ++outcome_.happened;
    try {
      ended(other_->run());
    } catch (const iceberg::SimulatedCrash&) {
      ++outcome_.crashes;
    }
    other_.reset();
  }

  const Plan plan_;
  World world_;
  Faults faults_, other_faults_;
  std::mutex other_mutex_;  // it joins in the thread that polls, and acts in the one that writes
  std::optional<Process> other_;
  Stage stage_ = Stage::sink;
  int polls_ = 0;
  Outcome outcome_;
};

}  // namespace

Outcome run(const Plan& plan) {
  return Run(plan).run();
}

Plan plain_plan() {
  Plan plan;
  plan.input = {.seed = 7, .frames = 16, .captures = 2};
  plan.log.gap = 1;
  plan.process.polls = {.seed = 1, .cut = 50, .pause = 8};
  plan.process.max_rows = 16;
  return plan;
}

Plan plan_of(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](int end) {
    return static_cast<int>(random() % static_cast<unsigned>(end));
  };
  const auto chance = [&](int percent) { return below(100) < percent; };
  const auto fault = [&] { return static_cast<Fault>(1 + below(6)); };
  Plan plan;
  plan.input = {
      .seed = random(), .frames = 6 + below(30), .captures = 1 + below(3), .oversized = chance(8)};
  plan.log = {.gap = below(3), .replay_batch_bytes = static_cast<std::size_t>(500 + below(4'000))};
  plan.process.polls = {
      .seed = random(), .cut = below(80), .pause = below(20), .error = chance(25) ? 2 : 0};
  plan.process.max_rows = static_cast<std::size_t>(1 + below(40));
  plan.process.drains = chance(15);
  const int first = 1 + below(250);
  plan.faults = {{first, fault()}, {first + 1 + below(80), fault()}};
  for (int n = below(4); n > 1; --n) plan.failing_reads.push_back(1 + below(400));
  if (chance(50)) return plan;
  plan.other = static_cast<Other>(1 + below(3));
  plan.log.shares = plan.other != Other::foreign;
  plan.other_opens_at_poll = 1 + below(12);
  plan.other_at = 1 + below(250);
  if (chance(40)) plan.other_fault = {1 + below(60), fault()};
  return plan;
}

std::string to_string(const Plan& plan) {
  constexpr std::array names{"none",       "fails",        "request lost", "answer lost",
                             "lands late", "crash before", "crash after"};
  const auto text = [&](const std::pair<int, Fault>& one) {
    return fmt::format("{} at effect {}", names[static_cast<std::size_t>(one.second)], one.first);
  };
  std::string all;
  for (const auto& one : plan.faults) all += text(one) + "; ";
  for (const auto at : plan.failing_reads) all += fmt::format("read {} fails; ", at);
  if (plan.other == Other::none) return all;
  constexpr std::array others{"", "shares", "takes over", "is foreign"};
  all += fmt::format("another process {}, joins at poll {}, acts at effect {}",
                     others[static_cast<std::size_t>(plan.other)], plan.other_opens_at_poll,
                     plan.other_at);
  if (plan.other_fault.first > 0) all += ", " + text(plan.other_fault);
  return all;
}

}  // namespace tradelake::faults
