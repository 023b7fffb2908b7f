// The proleptic Gregorian calendar over the whole range of Iceberg's dates and timestamps, which is
// wider than std::chrono::year's.
//
// Threads: pure functions.
#pragma once

#include <cstdint>

#include "core/time.h"

namespace tradelake::iceberg {

struct CivilDate {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
};

// Days since 1970-01-01 as a date (the algorithm of Howard Hinnant's civil_from_days).
constexpr CivilDate civil_from_days(std::int64_t days) {
  const auto shifted = days + 719468;
  const auto era = floor_div(shifted, 146097);
  const auto day_of_era = shifted - era * 146097;
  const auto year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const auto day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const auto shifted_month = (5 * day_of_year + 2) / 153;  // 0 = March
  const auto day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const auto month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

// The inverse (days_from_civil), of dates that exist.
constexpr std::int64_t days_from_civil(const CivilDate& date) {
  const auto year = date.month <= 2 ? date.year - 1 : date.year;
  const auto era = floor_div(year, 400);
  const auto year_of_era = year - era * 400;
  const auto day_of_year =
      (153 * (date.month > 2 ? date.month - 3 : date.month + 9) + 2) / 5 + date.day - 1;
  const auto day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

}  // namespace tradelake::iceberg
