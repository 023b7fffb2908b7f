#include "ops/dead_letter_check.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <vector>

#include <arrow/api.h>
#include <fmt/format.h>

#include "bronze/tables.h"
#include "core/time.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"

namespace tradelake::ops {
namespace {

constexpr std::size_t most_files = 50, most_reasons = 3;

std::int64_t number(const iceberg::Snapshot& snapshot, const char* key) {
  const auto found = snapshot.summary.find(key);
  std::int64_t value = 0;
  if (found != snapshot.summary.end()) {
    const auto& text = found->second;
    std::from_chars(text.data(), text.data() + text.size(), value);
  }
  return value;
}

bool is_above_a_percent(const DeadLetterShare& share) {
  return share.dead * 100 > share.in;
}

// Reasons of the newest files, as far as time goes.
Result<std::map<std::string, std::int64_t>> newest_reasons(
    iceberg::FileIo& io, const iceberg::Table& dead_letters,
    std::chrono::steady_clock::time_point deadline) {
  std::map<std::string, std::int64_t> by_reason;
  const auto metadata =
      iceberg::as_declared(dead_letters.metadata, bronze::dead_letters_table().schema);
  TL_ASSIGN(auto files, iceberg::plan_files(*metadata, io, {}));
  std::ranges::sort(files, std::greater(), &iceberg::ScanFile::sequence_number);
  for (std::size_t n = 0; n < std::min(files.size(), most_files); ++n) {
    if (std::chrono::steady_clock::now() >= deadline) break;
    TL_ASSIGN(const auto rows, iceberg::read_data_file(*metadata, io, files[n], {"reason"}, {}));
    const iceberg::RowReader reader(*rows);
    for (std::int64_t row = 0; row < reader.rows(); ++row)
      ++by_reason[std::string(reader.text(0, row))];
  }
  return by_reason;
}

}  // namespace

Check judge_dead_letters(const DeadLetterShare& share) {
  Check check{"dead letters"};
  if (share.in == 0) {
    check.detail = "nothing was committed in the last day";
    return check;
  }
  check.detail =
      fmt::format("{:.2f} % of the last day's data ({} of {})",
                  100.0 * static_cast<double>(share.dead) / static_cast<double>(share.in),
                  share.dead, share.in);
  if (!is_above_a_percent(share)) return check;
  check.status = CheckStatus::warning;
  std::vector<std::pair<std::int64_t, std::string>> commonest;
  for (const auto& [reason, count] : share.by_reason) commonest.emplace_back(count, reason);
  std::ranges::sort(commonest, std::greater());
  for (std::size_t n = 0; n < std::min(commonest.size(), most_reasons); ++n) {
    check.detail += fmt::format("{} {} {}", n == 0 ? ", commonest:" : ",", commonest[n].first,
                                commonest[n].second);
  }
  check.action =
      "look at them with `tradelake table scan bronze.dead_letters`; if the exchange has changed "
      "its frames, a newer tradelake may take them";
  return check;
}

DeadLetterShare share_since(const TableHeads& heads, std::int64_t since_us) {
  DeadLetterShare share;
  std::set<std::string> counted;  // a commit that wrote both tables says the same in each
  for (const auto& head : heads.tables) {
    if (!head.table || head.ident.name_space != "bronze") continue;
    for (const auto& snapshot : head.table->metadata->snapshots) {
      const auto commit = snapshot.summary.find("tradelake.commit-id");
      if (snapshot.timestamp_ms * us_per_ms < since_us || commit == snapshot.summary.end() ||
          !counted.insert(commit->second).second)
        continue;
      share.in += number(snapshot, "tradelake.in");
      share.dead += number(snapshot, "tradelake.dead");
    }
  }
  return share;
}

Check check_dead_letters(iceberg::FileIo& io, const TableHeads& heads, std::int64_t now_us,
                         std::chrono::steady_clock::time_point deadline) {
  auto share = share_since(heads, now_us - us_per_day);
  const auto table = std::ranges::find(heads.tables, iceberg::TableIdent{"bronze", "dead_letters"},
                                       &TableHead::ident);
  if (share.in > 0 && is_above_a_percent(share) && table != heads.tables.end() && table->table) {
    // A table that cannot be read has a finding of its own.
    if (auto reasons = newest_reasons(io, *table->table, deadline))
      share.by_reason = *std::move(reasons);
  }
  return judge_dead_letters(share);
}

}  // namespace tradelake::ops
