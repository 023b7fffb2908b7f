#include "ops/compaction_plan.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "core/time.h"

namespace tradelake::ops {
namespace {

using iceberg::ManifestEntry;

constexpr std::string_view closed_prefix = "closed-";

std::int64_t size_of(const ManifestEntry& entry) {
  return entry.file.size_bytes;
}

// What a file costs in memory while it is merged: a batch of rows and a page of each column, or all
// of it if it is small.
std::int64_t memory_of(const ManifestEntry& entry) {
  constexpr std::int64_t reader = 256 << 10, most = 10 << 20, unpacked = 10;
  return reader + std::min(most, size_of(entry) * unpacked);
}

std::int64_t memory_of(const std::vector<ManifestEntry>& files) {
  return std::transform_reduce(files.begin(), files.end(), std::int64_t{0}, std::plus{},
                               [](const auto& entry) { return memory_of(entry); });
}

// When its commit was; nothing if that snapshot has expired, which takes longer than any wait here.
std::optional<std::int64_t> committed_us(const iceberg::TableMetadata& metadata,
                                         const ManifestEntry& entry) {
  const auto* snapshot = entry.snapshot_id ? metadata.find_snapshot(*entry.snapshot_id) : nullptr;
  if (snapshot == nullptr) return std::nullopt;
  return snapshot->timestamp_ms * us_per_ms;
}

// The smallest ones that fit, at least two, in the order of their commits.
std::vector<ManifestEntry> that_fit(std::vector<ManifestEntry> files, std::int64_t memory_bytes) {
  if (memory_of(files) <= memory_bytes) return files;
  auto by_size = files;
  std::ranges::stable_sort(by_size, {}, size_of);
  std::size_t count = 0;
  for (std::int64_t memory = 0; count < by_size.size(); ++count) {
    memory += memory_of(by_size[count]);
    if (memory > memory_bytes && count >= 2) break;
  }
  by_size.resize(count);
  std::ranges::stable_sort(by_size, {}, [](const ManifestEntry& entry) {
    return entry.sequence_number.value_or(iceberg::SequenceNumber{});
  });
  return by_size;
}

class Planner {
 public:
  Planner(const iceberg::TableMetadata& metadata, const CompactionRules& rules, std::int64_t now_us)
      : metadata_(metadata), rules_(rules), now_us_(now_us) {}

  // Nothing to do: no inputs.
  CompactionJob plan(const LivePartition& partition) const {
    CompactionJob job{partition.spec_id, partition.values, false, {}};
    const auto end = end_us(metadata_, partition);
    if (!end || *end > now_us_ - rules_.grace_us || !is_quiet(partition)) {
      job.inputs = hot(partition.files);
      return job;
    }
    auto files = to_close(partition.files);
    // Too many at once: fewer and larger ones first, at the level of a commit.
    job.closing = memory_of(files) <= rules_.memory_bytes;
    job.inputs = that_fit(std::move(files), rules_.memory_bytes);
    if (!job.closing && !makes_them_few(job)) job.closing = true;
    return job;
  }

 private:
  bool is_quiet(const LivePartition& partition) const {
    return std::ranges::none_of(partition.files, [&](const ManifestEntry& entry) {
      const auto at = committed_us(metadata_, entry);
      return at && *at > now_us_ - rules_.quiet_us && !is_closed_file(entry.file.path);
    });
  }

  // Half as many or fewer: else it is not worth a rewrite before the closing one.
  bool makes_them_few(const CompactionJob& job) const {
    const auto files = static_cast<std::int64_t>(job.inputs.size());
    return (job.bytes() / rules_.target_bytes + 1) * 2 <= files;
  }

  std::vector<ManifestEntry> to_close(const std::vector<ManifestEntry>& files) const {
    std::vector<ManifestEntry> open, small;
    for (const auto& entry : files) {
      if (!is_closed_file(entry.file.path)) {
        open.push_back(entry);
      } else if (size_of(entry) < rules_.target_bytes / 2) {
        small.push_back(entry);
      }
    }
    // A few rows that came late do not make all of a partition be written again.
    if (small.size() >= rules_.min_files || (!open.empty() && is_much(open, small)))
      std::ranges::move(small, std::back_inserter(open));
    std::ranges::stable_sort(open, {}, [](const ManifestEntry& entry) {
      return entry.sequence_number.value_or(iceberg::SequenceNumber{});
    });
    return open;
  }

  static bool is_much(const std::vector<ManifestEntry>& open,
                      const std::vector<ManifestEntry>& closed) {
    const auto bytes = [](const std::vector<ManifestEntry>& files) {
      return std::transform_reduce(files.begin(), files.end(), std::int64_t{0}, std::plus{},
                                   size_of);
    };
    return bytes(open) * 4 >= bytes(closed);
  }

  // By size, each tier a dozen times the one before, so that a row is rewritten a few times only.
  std::vector<ManifestEntry> hot(const std::vector<ManifestEntry>& files) const {
    for (std::int64_t divisor = 144; divisor > 1; divisor /= 12) {
      std::vector<ManifestEntry> small;
      std::ranges::copy_if(files, std::back_inserter(small), [&](const ManifestEntry& entry) {
        return size_of(entry) < rules_.target_bytes / divisor && !is_closed_file(entry.file.path);
      });
      if (small.size() >= rules_.min_files || (small.size() > 1 && has_waited(small)))
        return that_fit(std::move(small), rules_.memory_bytes);
    }
    return {};
  }

  bool has_waited(const std::vector<ManifestEntry>& files) const {
    return std::ranges::any_of(files, [&](const ManifestEntry& entry) {
      return committed_us(metadata_, entry).value_or(INT64_MIN) <= now_us_ - rules_.max_age_us;
    });
  }

  const iceberg::TableMetadata& metadata_;
  const CompactionRules& rules_;
  const std::int64_t now_us_;
};

}  // namespace

std::int64_t CompactionJob::rows() const {
  return std::transform_reduce(inputs.begin(), inputs.end(), std::int64_t{0}, std::plus{},
                               [](const auto& entry) { return entry.file.record_count; });
}

std::int64_t CompactionJob::bytes() const {
  return std::transform_reduce(inputs.begin(), inputs.end(), std::int64_t{0}, std::plus{}, size_of);
}

std::vector<CompactionJob> plan_compaction(const iceberg::TableMetadata& metadata,
                                           const std::vector<LivePartition>& partitions,
                                           const CompactionRules& rules, std::int64_t now_us) {
  const Planner planner(metadata, rules, now_us);
  std::vector<CompactionJob> jobs;
  for (const auto& partition : partitions) {
    auto job = planner.plan(partition);
    if (!job.inputs.empty()) jobs.push_back(std::move(job));
  }
  return jobs;
}

bool is_closed_file(const std::string& path) {
  return std::string_view(path).substr(path.rfind('/') + 1).starts_with(closed_prefix);
}

std::string closed_file_name(const std::string& uuid) {
  return fmt::format("{}{}.parquet", closed_prefix, uuid);
}

}  // namespace tradelake::ops
