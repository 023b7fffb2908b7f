#include "ops/orphan_check.h"

#include <fmt/format.h>

#include "core/time.h"
#include "iceberg/orphan_files.h"
#include "ops/units.h"

namespace tradelake::ops {

Check check_orphans(iceberg::FileIo& io, const TableHeads& heads, std::int64_t now_us,
                    std::chrono::steady_clock::time_point deadline) {
  constexpr std::int64_t age_us = 3 * us_per_day;
  std::int64_t files = 0, bytes = 0, unfinished = 0;
  const auto in_time = [&]() -> Result<> {
    if (std::chrono::steady_clock::now() < deadline) return {};
    return make_error(Errc::cancelled, "the time is over");
  };
  for (const auto& head : heads.tables) {
    if (!head.table) continue;
    iceberg::ReachableFiles reachable;
    const auto found = [&]() -> Result<std::vector<iceberg::FileStatus>> {
      TL_ASSIGN(auto listed, io.list(head.table->metadata->location));
      return iceberg::orphans_among(std::move(listed), *head.table, io, reachable, now_us - age_us,
                                    in_time);
    }();
    if (!found) {
      ++unfinished;
      continue;
    }
    files += std::ssize(*found);
    bytes += iceberg::total_bytes(*found);
  }
  Check check{"orphans", files == 0 && unfinished == 0 ? CheckStatus::ok : CheckStatus::info,
              fmt::format("{} files of {} that no snapshot leads to, older than {}", files,
                          bytes_text(bytes), time_text(age_us))};
  if (unfinished > 0)
    check.detail += fmt::format("; {} tables could not be looked through in time", unfinished);
  return check;
}

}  // namespace tradelake::ops
