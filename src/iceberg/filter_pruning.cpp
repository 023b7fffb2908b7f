#include "iceberg/filter_pruning.h"

#include <algorithm>
#include <cmath>

#include "core/time.h"

namespace tradelake::iceberg {

namespace {

bool is_nan(const Value& value) {
  if (const auto* real = std::get_if<float>(&value)) return std::isnan(*real);
  if (const auto* real = std::get_if<double>(&value)) return std::isnan(*real);
  return false;
}

bool takes_time(const Transform& transform) {
  switch (transform.kind) {
    case Transform::Kind::year:
    case Transform::Kind::month:
    case Transform::Kind::day:
    case Transform::Kind::hour:
      return true;
    default:
      return false;
  }
}

// Old writers truncated times before 1970 towards zero instead of flooring, which puts them one
// partition too late; files of theirs must still be found.
bool may_be_one_late(const Transform& transform, const Value& result) {
  const auto* ordinal = std::get_if<std::int32_t>(&result);
  return takes_time(transform) && ordinal != nullptr && *ordinal < 0;
}

Value next(const Value& ordinal) {
  return std::get<std::int32_t>(ordinal) + 1;
}

std::optional<BoundPredicate> project_equality(BoundPredicate projected,
                                               const BoundPredicate& predicate,
                                               const Transform& transform) {
  projected.comparison = Comparison::in;
  for (const Value& value : predicate.values) {
    const auto result = apply(transform, *predicate.field->type, value);
    if (!result) return {};
    projected.values.push_back(*result);
    if (may_be_one_late(transform, *result)) projected.values.push_back(next(*result));
  }
  return projected;
}

// Whether the transform kept the order here: hours of the far ends of time and truncations of the
// lowest integers wrap around.
bool kept_order(const BoundPredicate& predicate, const Transform& transform, const Value& result) {
  const Value& value = predicate.values.front();
  if (transform.kind == Transform::Kind::hour) {
    return std::get<std::int32_t>(result) == floor_div(std::get<std::int64_t>(value), us_per_hour);
  }
  if (transform.kind != Transform::Kind::truncate ||
      predicate.field->type->kind == TypeKind::string ||
      predicate.field->type->kind == TypeKind::binary) {
    return true;
  }
  const bool below =
      predicate.comparison == Comparison::less || predicate.comparison == Comparison::less_equal;
  return !below && order(result, value) <= 0;
}

// Transforms but bucket keep an order weakly: a strict comparison of sources is a weak one of
// results.
std::optional<BoundPredicate> project_inequality(BoundPredicate projected,
                                                 const BoundPredicate& predicate,
                                                 const Transform& transform) {
  const auto result = apply(transform, *predicate.field->type, predicate.values.front());
  if (!result || !kept_order(predicate, transform, *result)) return {};
  const bool below =
      predicate.comparison == Comparison::less || predicate.comparison == Comparison::less_equal;
  projected.comparison = below ? Comparison::less_equal : Comparison::greater_equal;
  projected.values = {below && may_be_one_late(transform, *result) ? next(*result) : *result};
  return projected;
}

ValueRange partition_range(const std::optional<Value>& value) {
  if (!value) return {.may_have_value = false};
  if (is_nan(*value)) return {.may_have_null = false};
  return {.lower = value, .upper = value, .may_have_null = false};
}

std::optional<Value> bound(const Type& type, const std::string& bytes) {
  // Java once ordered uuids as pairs of signed numbers: their bounds say nothing certain.
  if (type.kind == TypeKind::uuid) return {};
  auto value = from_bytes(type, bytes);
  if (!value || is_nan(*value)) return {};
  return *std::move(value);
}

ValueRange summary_range(const Type& type, const FieldSummary& summary) {
  ValueRange range{.may_have_null = summary.contains_null};
  if (summary.lower_bound) range.lower = bound(type, *summary.lower_bound);
  if (summary.upper_bound) range.upper = bound(type, *summary.upper_bound);
  return range;
}

std::optional<std::int64_t> count(const std::map<FieldId, std::int64_t>& counts, FieldId id) {
  const auto it = counts.find(id);
  if (it == counts.end()) return {};
  return it->second;
}

std::optional<Value> bound(const NestedField& field, const std::map<FieldId, std::string>& bounds) {
  const auto it = bounds.find(field.id);
  if (it == bounds.end() || !field.type->primitive()) return {};
  return bound(*field.type, it->second);
}

ValueRange column_range(const NestedField& field, const DataFile& file) {
  ValueRange range{.lower = bound(field, file.lower_bounds),
                   .upper = bound(field, file.upper_bounds)};
  // Counts of nested columns count leaves, not rows.
  if (!field.type->primitive()) return range;
  const auto nulls = count(file.null_value_counts, field.id);
  if (!nulls) return range;
  range.may_have_null = *nulls != 0;
  range.may_have_value = *nulls != file.record_count;
  return range;
}

}  // namespace

bool may_match(const BoundPredicate& predicate, const ValueRange& range) {
  if (predicate.comparison == Comparison::is_null) return range.may_have_null;
  if (!range.may_have_value) return false;
  // An unordered pair, values of two types, answers false to all of these: it proves nothing.
  const auto below_range = [&](const Value& v) {
    return range.lower && order(v, *range.lower) < 0;
  };
  const auto above_range = [&](const Value& v) {
    return range.upper && order(v, *range.upper) > 0;
  };
  const auto at_lower = [&](const Value& v) { return range.lower && order(v, *range.lower) == 0; };
  const auto at_upper = [&](const Value& v) { return range.upper && order(v, *range.upper) == 0; };
  const auto inside = [&](const Value& v) { return !below_range(v) && !above_range(v); };
  const auto& values = predicate.values;
  switch (predicate.comparison) {
    case Comparison::equal:
    case Comparison::in:
      return std::ranges::any_of(values, inside);
    case Comparison::less:
      return !below_range(values[0]) && !at_lower(values[0]);
    case Comparison::less_equal:
      return !below_range(values[0]);
    case Comparison::greater:
      return !above_range(values[0]) && !at_upper(values[0]);
    case Comparison::greater_equal:
      return !above_range(values[0]);
    case Comparison::is_null:
    case Comparison::not_null:
      break;
  }
  return true;
}

std::optional<BoundPredicate> project(const BoundPredicate& predicate, const Transform& transform) {
  switch (transform.kind) {
    case Transform::Kind::void_:
    case Transform::Kind::unknown:
      return {};
    case Transform::Kind::identity:
      return predicate;
    default:
      break;
  }
  BoundPredicate projected{predicate.field, predicate.comparison, {}};
  switch (predicate.comparison) {
    case Comparison::is_null:
    case Comparison::not_null:
      return projected;
    case Comparison::equal:
    case Comparison::in:
      return project_equality(std::move(projected), predicate, transform);
    default:
      break;
  }
  if (transform.kind == Transform::Kind::bucket) {  // only that there is a value
    projected.comparison = Comparison::not_null;
    return projected;
  }
  return project_inequality(std::move(projected), predicate, transform);
}

bool manifest_may_match(const BoundFilter& filter, const PartitionSpec& spec,
                        const std::vector<TypePtr>& types, const ManifestFile& manifest) {
  if (manifest.partitions.size() != spec.fields.size() || types.size() != spec.fields.size())
    return true;
  for (const BoundPredicate& predicate : filter) {
    for (std::size_t i = 0; i < spec.fields.size(); ++i) {
      if (spec.fields[i].source_id != predicate.field->id || types[i] == nullptr) continue;
      const auto projected = project(predicate, spec.fields[i].transform);
      if (projected && !may_match(*projected, summary_range(*types[i], manifest.partitions[i])))
        return false;
    }
  }
  return true;
}

bool file_may_match(const BoundFilter& filter, const PartitionSpec& spec, const DataFile& file) {
  for (const BoundPredicate& predicate : filter) {
    if (!may_match(predicate, column_range(*predicate.field, file))) return false;
    if (file.partition.size() != spec.fields.size()) continue;
    for (std::size_t i = 0; i < spec.fields.size(); ++i) {
      if (spec.fields[i].source_id != predicate.field->id) continue;
      const auto projected = project(predicate, spec.fields[i].transform);
      if (projected && !may_match(*projected, partition_range(file.partition[i]))) return false;
    }
  }
  return true;
}

}  // namespace tradelake::iceberg
