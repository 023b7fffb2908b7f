#include "iceberg/partition_cutoff.h"

#include <algorithm>
#include <limits>

#include "core/int128.h"
#include "core/time.h"
#include "iceberg/calendar.h"

namespace tradelake::iceberg {
namespace {

// The field of the spec that tells most finely when its partitions end, or its end.
std::size_t time_field(const PartitionSpec& spec, FieldId time_column) {
  const auto fineness = [&](const PartitionField& field) {
    if (field.source_id != time_column) return 0;
    switch (field.transform.kind) {
      case Transform::Kind::hour:
        return 4;
      case Transform::Kind::day:
        return 3;
      case Transform::Kind::month:
        return 2;
      case Transform::Kind::year:
        return 1;
      default:
        return 0;
    }
  };
  const auto finest = std::ranges::max_element(spec.fields, {}, fineness);
  const bool found = finest != spec.fields.end() && fineness(*finest) > 0;
  return found ? static_cast<std::size_t>(finest - spec.fields.begin()) : spec.fields.size();
}

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

bool PartitionCutoff::drops(const PartitionSpec& spec, const PartitionTuple& partition) const {
  const auto n = time_field(spec, time_column);
  if (n >= spec.fields.size() || n >= partition.size() || !partition[n]) return false;
  const auto end = partition_end_us(spec.fields[n].transform, *partition[n]);
  return end && *end <= until_us;
}

bool PartitionCutoff::may_drop_from(const PartitionSpec& spec, const ManifestFile& manifest) const {
  const auto n = time_field(spec, time_column);
  if (n >= spec.fields.size()) return false;
  if (n >= manifest.partitions.size() || !manifest.partitions[n].lower_bound) return true;
  const auto lowest = from_bytes(*primitive(TypeKind::int32), *manifest.partitions[n].lower_bound);
  if (!lowest) return true;
  const auto end = partition_end_us(spec.fields[n].transform, *lowest);
  return !end || *end <= until_us;
}

}  // namespace tradelake::iceberg
