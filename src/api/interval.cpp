#include "api/interval.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "iceberg/calendar.h"
#include "silver/intervals.h"

namespace tradelake::api {
namespace {

struct Named {
  std::string_view name, bybit_name;
  std::int64_t step_us;
  std::int64_t origin_us = 0;
  bool is_month = false;
};

constexpr auto named = std::to_array<Named>({
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
    {"1M", "M", us_per_day, 0, true},
});

std::optional<Interval> find(std::string_view name, std::string_view Named::* member) {
  const auto* found = std::ranges::find(named, name, member);
  if (found == named.end()) return std::nullopt;
  return Interval{std::string(found->name), found->bybit_name, found->step_us, found->origin_us,
                  found->is_month};
}

// "90m", "8h"
std::optional<Interval> parse(std::string_view name) {
  if (name.empty() || name.front() == '0') return std::nullopt;
  const char unit = name.back();
  if (unit != 'm' && unit != 'h') return std::nullopt;
  const char* const unit_at = name.data() + name.size() - 1;
  std::int32_t count = 0;
  const auto [end, error] = std::from_chars(name.data(), unit_at, count);
  if (error != std::errc{} || end != unit_at || count < 1) return std::nullopt;
  const std::int64_t step_us = count * (unit == 'm' ? us_per_minute : us_per_hour);
  if (us_per_day % step_us != 0) return std::nullopt;
  return Interval{std::string(name), {}, step_us};
}

std::string names(std::string_view Named::* member) {
  std::string out;
  for (const auto& interval : named) {
    if (!out.empty()) out += ", ";
    out += interval.*member;
  }
  return out;
}

}  // namespace

std::int64_t Interval::floor(std::int64_t time_us) const {
  if (!is_month) return floor_to(time_us - origin_us, step_us) + origin_us;
  auto date = iceberg::civil_from_days(floor_div(time_us, us_per_day));
  date.day = 1;
  return iceberg::days_from_civil(date) * us_per_day;
}

std::int64_t Interval::ceil(std::int64_t time_us) const {
  const std::int64_t start_us = floor(time_us);
  return start_us == time_us ? start_us : next(start_us);
}

std::int64_t Interval::next(std::int64_t start_us) const {
  return is_month ? floor(start_us + 31 * us_per_day) : start_us + step_us;
}

std::size_t Interval::source() const {
  for (std::size_t n = silver::stored_intervals.size(); n-- > 0;) {
    const std::int64_t stored_us = silver::stored_intervals[n].step_us;
    if (step_us % stored_us == 0 && origin_us % stored_us == 0) return n;
  }
  return 0;
}

std::optional<Interval> find_interval(std::string_view name) {
  const auto found = find(name, &Named::name);
  return found ? found : parse(name);
}
std::optional<Interval> find_bybit_interval(std::string_view name) {
  return find(name, &Named::bybit_name);
}
std::string interval_names() {
  return names(&Named::name) +
         ", and any other number of minutes (Nm) or hours (Nh) that divides "
         "a day";
}
std::string bybit_interval_names() {
  return names(&Named::bybit_name);
}

}  // namespace tradelake::api
