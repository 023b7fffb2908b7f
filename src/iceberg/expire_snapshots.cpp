#include "iceberg/expire_snapshots.h"

#include <algorithm>
#include <set>
#include <utility>

#include "iceberg/json_access.h"
#include "iceberg/properties.h"
#include "iceberg/snapshot_lookup.h"

namespace tradelake::iceberg {
namespace {

bool may_collect(const TableMetadata& metadata) {
  const auto property = metadata.properties.find("gc.enabled");
  return property == metadata.properties.end() || property->second != "false";
}

class Retention {
 public:
  Retention(const TableMetadata& metadata, const ExpiryPolicy& policy)
      : metadata_(metadata), policy_(policy) {
    const auto& properties = metadata.properties;
    max_age_ms_ = positive_property(properties, "history.expire.max-snapshot-age-ms")
                      .value_or(policy.max_age_ms);
    min_count_ = positive_property(properties, "history.expire.min-snapshots-to-keep")
                     .value_or(policy.min_count);
    max_ref_age_ms_ = positive_property(properties, "history.expire.max-ref-age-ms")
                          .value_or(std::numeric_limits<std::int64_t>::max());
  }

  // Refs that stay, and in `kept` what they keep.
  std::map<std::string, SnapshotRef> refs() {
    std::map<std::string, SnapshotRef> refs;
    for (const auto& [name, ref] : metadata_.refs) {
      const auto* head = metadata_.find_snapshot(ref.snapshot_id);
      if (head == nullptr) continue;
      if (name != "main" && age_ms(*head) > ref.max_ref_age_ms.value_or(max_ref_age_ms_)) continue;
      refs[name] = ref;
      kept_.insert(ref.snapshot_id);
      if (!ref.tag) keep_branch(ref, *head);
    }
    // Nobody's snapshots, such as those that a rollback left: they may be somebody's in a moment.
    std::int64_t young = 0;
    for (auto it = metadata_.snapshots.rbegin(); it != metadata_.snapshots.rend(); ++it) {
      if (on_a_branch_.contains(it->id) || kept_.contains(it->id)) continue;
      if (age_ms(*it) <= max_age_ms_ && young++ < policy_.max_count) kept_.insert(it->id);
    }
    return refs;
  }

  bool keeps(SnapshotId id) const { return kept_.contains(id); }

 private:
  std::int64_t age_ms(const Snapshot& snapshot) const {
    return policy_.now_ms - snapshot.timestamp_ms;
  }

  void keep_branch(const SnapshotRef& ref, const Snapshot& head) {
    const std::int64_t min_count = ref.min_snapshots_to_keep.value_or(min_count_);
    const std::int64_t max_age_ms = ref.max_snapshot_age_ms.value_or(max_age_ms_);
    std::int64_t place = 0;
    for (const auto* snapshot : ancestors(metadata_, head.id)) {
      on_a_branch_.insert(snapshot->id);
      const bool young = age_ms(*snapshot) <= max_age_ms && place < policy_.max_count;
      if (place < min_count || young) kept_.insert(snapshot->id);
      ++place;
    }
  }

  const TableMetadata& metadata_;
  const ExpiryPolicy& policy_;
  std::int64_t max_age_ms_, min_count_, max_ref_age_ms_;
  std::set<SnapshotId> kept_, on_a_branch_;
};

// The entries of a statistics array whose snapshot stays.
std::string kept_statistics(const std::string& text, const TableMetadata& after) {
  auto entries = nlohmann::json::parse(text, nullptr, false);
  if (!entries.is_array()) return text;
  std::erase_if(entries.get_ref<nlohmann::json::array_t&>(), [&](const auto& entry) {
    const auto id = json::id<SnapshotId>(entry, "snapshot-id");
    return id && after.find_snapshot(*id) == nullptr;
  });
  return entries.dump();
}

class ExpireSnapshots final : public Action {
 public:
  ExpireSnapshots(ExpiryPolicy policy, ReachableFiles& reachable,
                  std::shared_ptr<std::vector<std::string>> garbage)
      : policy_(policy), reachable_(reachable), garbage_(std::move(garbage)) {}

  Result<TableMetadata> apply(const TableMetadata& base, FileIo& io, int) override {
    if (!may_collect(base)) {
      return make_error(Errc::invalid_argument,
                        "gc.enabled is false; allowed: true, to expire snapshots");
    }
    auto next = without_expired(base, policy_);
    TL_ASSIGN(*garbage_, unreachable_files(base, next, io, reachable_));
    return next;
  }

 private:
  ExpiryPolicy policy_;
  ReachableFiles& reachable_;
  std::shared_ptr<std::vector<std::string>> garbage_;
};

}  // namespace

TableMetadata without_expired(const TableMetadata& metadata, const ExpiryPolicy& policy) {
  Retention retention(metadata, policy);
  auto next = metadata;
  next.refs = retention.refs();
  next.snapshots.erase_if([&](const Snapshot& one) { return !retention.keeps(one.id); });
  // A history with holes would tell of changes that never were: it begins after the last hole.
  const auto last_hole = std::find_if(
      next.snapshot_log.rbegin(), next.snapshot_log.rend(),
      [&](const SnapshotLogEntry& entry) { return !retention.keeps(entry.snapshot_id); });
  next.snapshot_log.erase(next.snapshot_log.begin(), last_hole.base());
  next.statistics_json = kept_statistics(metadata.statistics_json, next);
  next.partition_statistics_json = kept_statistics(metadata.partition_statistics_json, next);
  next.last_updated_ms = std::max(policy.now_ms, metadata.last_updated_ms);
  return next;
}

std::size_t count_expired(const TableMetadata& metadata, const ExpiryPolicy& policy) {
  if (!may_collect(metadata)) return 0;
  Retention retention(metadata, policy);
  (void)retention.refs();
  return static_cast<std::size_t>(std::ranges::count_if(
      metadata.snapshots, [&](const Snapshot& one) { return !retention.keeps(one.id); }));
}

std::unique_ptr<Action> expire_snapshots(ExpiryPolicy policy, ReachableFiles& reachable,
                                         std::shared_ptr<std::vector<std::string>> garbage) {
  return std::make_unique<ExpireSnapshots>(policy, reachable, std::move(garbage));
}

}  // namespace tradelake::iceberg
