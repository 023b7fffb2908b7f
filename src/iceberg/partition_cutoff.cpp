#include "iceberg/partition_cutoff.h"

#include <algorithm>
#include <limits>

#include "core/int128.h"
#include "core/time.h"
#include "iceberg/calendar.h"

namespace tradelake::iceberg {
namespace {

std::int64_t clamped(int128_t us) {
  using Limits = std::numeric_limits<std::int64_t>;
  return static_cast<std::int64_t>(
      std::clamp(us, static_cast<int128_t>(Limits::min()), static_cast<int128_t>(Limits::max())));
}

}  // namespace

std::optional<std::int64_t> partition_end_us(const Transform& transform, const Value& value) {
  const auto* number = std::get_if<std::int32_t>(&value);
  if (number == nullptr) return std::nullopt;
  const std::int64_t next = std::int64_t{*number} + 1;
  const auto of_days = [](std::int64_t days) { return clamped(int128_t{days} * us_per_day); };
  switch (transform.kind) {
    case Transform::Kind::hour:
      return clamped(int128_t{next} * us_per_hour);
    case Transform::Kind::day:
      return of_days(next);
    case Transform::Kind::month:
      return of_days(days_from_civil(
          {1970 + floor_div(next, 12), static_cast<int>(next - floor_div(next, 12) * 12) + 1, 1}));
    case Transform::Kind::year:
      return of_days(days_from_civil({1970 + next, 1, 1}));
    default:
      return std::nullopt;
  }
}

bool cuts_time(const Transform& transform) {
  using Kind = Transform::Kind;
  return transform.kind == Kind::hour || transform.kind == Kind::day ||
         transform.kind == Kind::month || transform.kind == Kind::year;
}

std::optional<std::int64_t> partition_end_us(const PartitionSpec& spec,
                                             const PartitionTuple& partition,
                                             std::optional<FieldId> time_column) {
  // Of an hour and its day the hour ends first.
  std::optional<std::int64_t> earliest;
  for (std::size_t n = 0; n < std::min(spec.fields.size(), partition.size()); ++n) {
    if (!partition[n] || (time_column && spec.fields[n].source_id != *time_column)) continue;
    const auto end = partition_end_us(spec.fields[n].transform, *partition[n]);
    if (end) earliest = std::min(earliest.value_or(*end), *end);
  }
  return earliest;
}

bool PartitionCutoff::drops(const PartitionSpec& spec, const PartitionTuple& partition) const {
  const auto end = partition_end_us(spec, partition, time_column);
  return end && *end <= until_us;
}

bool PartitionCutoff::may_drop_from(const PartitionSpec& spec, const ManifestFile& manifest) const {
  for (std::size_t n = 0; n < spec.fields.size(); ++n) {
    const auto& [source_id, field_id, name, transform] = spec.fields[n];
    if (source_id != time_column || !cuts_time(transform)) continue;
    if (n >= manifest.partitions.size() || !manifest.partitions[n].lower_bound) return true;
    const auto lowest =
        from_bytes(*primitive(TypeKind::int32), *manifest.partitions[n].lower_bound);
    const auto end = lowest ? partition_end_us(transform, *lowest) : std::nullopt;
    if (!end || *end <= until_us) return true;
  }
  return false;
}

}  // namespace tradelake::iceberg
