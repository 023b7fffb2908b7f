#include "feed/simulator/fault_plan.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include <fmt/ranges.h>

namespace tradelake::feed {
namespace {

using std::chrono::milliseconds;

Trigger usual(Fault fault) {
  switch (fault) {
    case Fault::close:
      return {0, milliseconds(20'000)};
    case Fault::drop:
      return {0, milliseconds(33'000)};
    case Fault::silence:
      return {0, milliseconds(150'000)};
    case Fault::reject:
      return {0.1, {}};
    case Fault::utf8:
      return {0, milliseconds(47'000)};
    case Fault::large:
      return {0, milliseconds(60'000)};
    case Fault::repeat:
    case Fault::reorder:
    case Fault::keys:
    case Fault::numbers:
    case Fault::missing:
    case Fault::unknown:
      return {0.02, {}};
    default:
      return {0.005, {}};
  }
}

std::optional<Trigger> parse_trigger(std::string_view text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (parsed.ec != std::errc{} || !(value > 0) || value > 1e9) return std::nullopt;
  const std::string_view unit(parsed.ptr, end);
  if (unit.empty() && value <= 1) return Trigger{value, {}};
  double factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1e3;
  if (unit == "m") factor = 6e4;
  const milliseconds every(static_cast<std::int64_t>(value * factor));
  if (every.count() < 1) return std::nullopt;
  return Trigger{0, every};
}

}  // namespace

bool FaultPlan::any() const {
  return std::ranges::any_of(triggers_, &Trigger::on);
}

Result<FaultPlan> parse_faults(std::string_view text) {
  FaultPlan plan;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto item = text.substr(begin, end - begin);
    begin = end + 1;
    const auto equals = std::min(item.find('='), item.size());
    const auto name = item.substr(0, equals);
    if (item == "all") {
      for (std::size_t i = 0; i < fault_names.size(); ++i) {
        plan[static_cast<Fault>(i)] = usual(static_cast<Fault>(i));
      }
      continue;
    }
    const auto found = std::ranges::find(fault_names, name);
    if (found == fault_names.end()) {
      return make_error(Errc::invalid_argument, "faults: '{}' is not a fault; allowed are all, {}",
                        name, fmt::join(fault_names, ", "));
    }
    const auto fault = static_cast<Fault>(found - fault_names.begin());
    plan[fault] = usual(fault);
    if (equals == item.size()) continue;
    const auto trigger = parse_trigger(item.substr(equals + 1));
    if (!trigger || (fault == Fault::reject && trigger->every.count() > 0)) {
      return make_error(Errc::invalid_argument,
                        "faults: '{}': allowed are a chance above 0 up to 1{}", item,
                        fault == Fault::reject ? " (the share of topics)"
                                               : ", or a period such as 500ms, 10s, 2m");
    }
    plan[fault] = *trigger;
  }
  return plan;
}

bool TriggerClock::fires(Random& random, std::int64_t now_us) {
  if (trigger_.chance > 0) return random.chance(trigger_.chance);
  if (trigger_.every.count() == 0) return false;
  // Exponential, so that of several faults with a schedule the most frequent does not always win.
  const auto wait_us = [&] {
    return 1 + static_cast<std::int64_t>(static_cast<double>(trigger_.every.count()) * 1000 *
                                         random.exponential());
  };
  if (next_us_ == 0) next_us_ = now_us + wait_us();
  if (now_us < next_us_) return false;
  next_us_ = now_us + wait_us();
  return true;
}

}  // namespace tradelake::feed
