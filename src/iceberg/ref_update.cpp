#include "iceberg/ref_update.h"

#include <algorithm>
#include <utility>

#include "core/time.h"
#include "iceberg/metadata_action.h"
#include "iceberg/snapshot_lookup.h"

namespace tradelake::iceberg {
namespace {

const char* kind_name(bool tag) {
  return tag ? "tag" : "branch";
}

std::unique_ptr<Action> set_ref(std::string name, bool tag, std::optional<SnapshotId> wanted,
                                std::optional<std::int64_t> max_age_ms) {
  return change_metadata([=](TableMetadata& next, std::int64_t) -> Result<> {
    if (name.empty() || name == "main") {
      return make_error(Errc::invalid_argument,
                        "'{}' cannot be the name of a {}; allowed is any other than main", name,
                        kind_name(tag));
    }
    if (max_age_ms && *max_age_ms <= 0) {
      return make_error(Errc::invalid_argument, "{} '{}' is to be kept for {} ms; allowed: above 0",
                        kind_name(tag), name, *max_age_ms);
    }
    const auto snapshot = wanted ? wanted : next.current_snapshot_id;
    if (!snapshot) {
      return make_error(Errc::invalid_argument, "{} '{}': the table has no snapshot yet",
                        kind_name(tag), name);
    }
    if (next.find_snapshot(*snapshot) == nullptr) {
      return make_error(Errc::invalid_argument, "{} '{}': the table has no snapshot {}",
                        kind_name(tag), name, snapshot->value);
    }
    const auto known = next.refs.find(name);
    if (known != next.refs.end() && known->second.tag != tag) {
      return make_error(Errc::invalid_argument, "'{}' is a {} and cannot be made a {}", name,
                        kind_name(!tag), kind_name(tag));
    }
    auto& ref = next.refs[name];
    ref.snapshot_id = *snapshot;
    ref.tag = tag;
    ref.max_ref_age_ms = max_age_ms;
    return {};
  });
}

std::unique_ptr<Action> remove_ref(std::string name, bool tag) {
  return change_metadata([=](TableMetadata& next, std::int64_t) -> Result<> {
    const auto known = next.refs.find(name);
    if (name == "main" || known == next.refs.end() || known->second.tag != tag) {
      std::string names;
      for (const auto& [other, ref] : next.refs) {
        if (ref.tag == tag && other != "main") names += (names.empty() ? "" : ", ") + other;
      }
      return make_error(Errc::invalid_argument, "the table has no {} '{}' to be removed; it has {}",
                        kind_name(tag), name, names.empty() ? "none" : names);
    }
    next.refs.erase(known);
    return {};
  });
}

void move_main(TableMetadata& next, const Snapshot* to, std::int64_t now_ms) {
  if (to == nullptr) {
    next.current_snapshot_id.reset();
    next.refs.erase("main");
    next.snapshot_log.clear();  // as Java does: its last entry has to be the current one
    return;
  }
  if (next.current_snapshot_id == to->id) return;
  next.current_snapshot_id = to->id;
  next.refs["main"].snapshot_id = to->id;  // its retention settings stay
  next.snapshot_log.push_back({to->id, now_ms});
}

}  // namespace

std::unique_ptr<Action> set_tag(std::string name, std::optional<SnapshotId> snapshot,
                                std::optional<std::int64_t> max_age_ms) {
  return set_ref(std::move(name), true, snapshot, max_age_ms);
}
std::unique_ptr<Action> set_branch(std::string name, std::optional<SnapshotId> snapshot,
                                   std::optional<std::int64_t> max_age_ms) {
  return set_ref(std::move(name), false, snapshot, max_age_ms);
}
std::unique_ptr<Action> remove_tag(std::string name) {
  return remove_ref(std::move(name), true);
}
std::unique_ptr<Action> remove_branch(std::string name) {
  return remove_ref(std::move(name), false);
}

std::unique_ptr<Action> roll_back_to(std::optional<SnapshotId> snapshot) {
  return change_metadata([=](TableMetadata& next, std::int64_t now_ms) -> Result<> {
    if (!snapshot) {
      move_main(next, nullptr, now_ms);
      return {};
    }
    const auto chain = ancestors(next, next.current_snapshot_id);
    const auto found = std::ranges::find(chain, *snapshot, &Snapshot::id);
    if (found == chain.end()) {
      return make_error(Errc::invalid_argument,
                        "snapshot {} is not an ancestor of the table's current one; allowed are "
                        "those that `tradelake table history` shows as such",
                        snapshot->value);
    }
    move_main(next, *found, now_ms);
    return {};
  });
}

std::unique_ptr<Action> roll_back_to_time(std::int64_t time_ms) {
  return change_metadata([=](TableMetadata& next, std::int64_t now_ms) -> Result<> {
    const auto* found = ancestor_as_of(next, time_ms);
    if (found == nullptr) {
      return make_error(Errc::invalid_argument, "the table has no snapshot of {} or before",
                        format_us(time_ms * us_per_ms));
    }
    move_main(next, found, now_ms);
    return {};
  });
}

}  // namespace tradelake::iceberg
