#include "api/interval.h"

#include <algorithm>
#include <array>

namespace tradelake::api {
namespace {

constexpr auto intervals = std::to_array<Interval>({
    {"1m", "1", us_per_minute},
    {"3m", "3", 3 * us_per_minute},
    {"5m", "5", 5 * us_per_minute},
    {"15m", "15", 15 * us_per_minute},
    {"30m", "30", 30 * us_per_minute},
    {"1h", "60", us_per_hour},
    {"2h", "120", 2 * us_per_hour},
    {"4h", "240", 4 * us_per_hour},
    {"6h", "360", 6 * us_per_hour},
    {"12h", "720", 12 * us_per_hour},
    {"1d", "D", us_per_day},
    {"1w", "W", 7 * us_per_day, 4 * us_per_day},
});

const Interval* find(std::string_view name, std::string_view Interval::* member) {
  const auto* found = std::ranges::find(intervals, name, member);
  return found == intervals.end() ? nullptr : found;
}

std::string names(std::string_view Interval::* member) {
  std::string out;
  for (const auto& interval : intervals) {
    if (!out.empty()) out += ", ";
    out += interval.*member;
  }
  return out;
}

}  // namespace

const Interval* find_interval(std::string_view name) {
  return find(name, &Interval::name);
}
const Interval* find_bybit_interval(std::string_view name) {
  return find(name, &Interval::bybit_name);
}
std::string interval_names() {
  return names(&Interval::name);
}
std::string bybit_interval_names() {
  return names(&Interval::bybit_name);
}

}  // namespace tradelake::api
