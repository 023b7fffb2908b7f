#include "iceberg/spec_update.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "core/text.h"
#include "iceberg/declared_schema.h"
#include "iceberg/metadata_action.h"
#include "iceberg/schema_tree.h"

namespace tradelake::iceberg {
namespace {

using Kind = Transform::Kind;

bool suits(const Transform& transform, const Type& type) {
  const auto kind = type.kind;
  const bool timestamp = kind == TypeKind::timestamp || kind == TypeKind::timestamptz;
  switch (transform.kind) {
    case Kind::identity:
    case Kind::void_:
      return type.primitive();
    case Kind::bucket:
      return type.primitive() && kind != TypeKind::boolean && kind != TypeKind::float32 &&
             kind != TypeKind::float64;
    case Kind::truncate:
      return kind == TypeKind::int32 || kind == TypeKind::int64 || kind == TypeKind::decimal ||
             kind == TypeKind::string || kind == TypeKind::binary;
    case Kind::year:
    case Kind::month:
    case Kind::day:
      return kind == TypeKind::date || timestamp;
    case Kind::hour:
      return timestamp;
    case Kind::unknown:
      break;
  }
  return false;
}

bool of_time(const Transform& transform) {
  return transform.kind == Kind::year || transform.kind == Kind::month ||
         transform.kind == Kind::day || transform.kind == Kind::hour;
}

// As Java's updates name them.
std::string usual_name(const std::string& column, const Transform& transform) {
  switch (transform.kind) {
    case Kind::identity:
      return column;
    case Kind::bucket:
      return fmt::format("{}_bucket_{}", column, transform.parameter);
    case Kind::truncate:
      return fmt::format("{}_trunc_{}", column, transform.parameter);
    case Kind::void_:
      return column + "_null";
    default:
      return column + "_" + to_string(transform);
  }
}

// With the id and the name that a field of this column and transform ever had, or new ones.
Result<PartitionField> field_of(TableMetadata& next, FieldId& last, const PartitionTerm& term) {
  const auto* source = find_column(next.schema(), term.column);
  if (source == nullptr) {
    return make_error(Errc::invalid_argument,
                      "column '{}' to partition by does not exist; the table has {}", term.column,
                      names_of(next.schema().fields));
  }
  if (!suits(term.transform, *source->type)) {
    return make_error(Errc::invalid_argument,
                      "column '{}' is {} and cannot be partitioned by {}; allowed: identity of any "
                      "primitive type, year, month, day of dates and timestamps, hour of "
                      "timestamps, bucket of all but boolean, float and double, truncate of int, "
                      "long, decimal, string and binary",
                      term.column, to_string(*source->type), to_string(term.transform));
  }
  for (const auto& spec : next.specs) {
    for (const auto& known : spec.fields) {
      if (known.source_id == source->id && known.transform == term.transform &&
          (term.name.empty() || term.name == known.name))
        return known;
    }
  }
  auto name = term.name.empty() ? usual_name(term.column, term.transform) : term.name;
  return PartitionField{source->id, FieldId{++last.value}, std::move(name), term.transform};
}

Result<> check(const Schema& schema, const std::vector<PartitionField>& fields) {
  for (auto field = fields.begin(); field != fields.end(); ++field) {
    const auto* column = schema.find(std::string_view(field->name));
    const bool same = column != nullptr && column->id == field->source_id &&
                      field->transform.kind == Kind::identity;
    if (column != nullptr && !same) {
      return make_error(Errc::invalid_argument,
                        "partition field '{}' has the name of a column; allowed is another name",
                        field->name);
    }
    for (auto other = fields.begin(); other != field; ++other) {
      if (other->name == field->name)
        return make_error(Errc::invalid_argument, "partition field '{}' comes twice", field->name);
      const bool twice = other->source_id == field->source_id &&
                         (other->transform == field->transform ||
                          (of_time(other->transform) && of_time(field->transform)));
      if (twice) {
        return make_error(Errc::invalid_argument,
                          "partition field '{}' says nothing beside '{}'; allowed is one of the "
                          "two",
                          field->name, other->name);
      }
    }
  }
  return {};
}

// The fields as the default spec: one that was there before, or a new one.
Result<> take_up(TableMetadata& next, std::vector<PartitionField> fields) {
  TL_TRY(check(next.schema(), fields));
  PartitionSpec spec{next.default_spec_id, std::move(fields)};
  for (const auto& known : next.specs) {
    if (known.fields != spec.fields) continue;
    next.default_spec_id = known.id;
    return {};
  }
  for (const auto& known : next.specs) spec.id = std::max(spec.id, known.id);
  ++spec.id.value;
  for (const auto& field : spec.fields)
    next.last_partition_id = std::max(next.last_partition_id, field.field_id);
  next.default_spec_id = spec.id;
  next.specs.push_back(std::move(spec));
  return {};
}

Result<std::size_t> place_of(const std::vector<PartitionField>& fields, const std::string& name) {
  const auto at = std::ranges::find(fields, name, &PartitionField::name);
  if (at != fields.end()) return static_cast<std::size_t>(at - fields.begin());
  std::string names;
  for (const auto& field : fields) names += (names.empty() ? "" : ", ") + field.name;
  return make_error(Errc::invalid_argument, "partition field '{}' does not exist; the spec has {}",
                    name, names.empty() ? "none" : names);
}

}  // namespace

Result<PartitionTerm> parse_partition_term(std::string_view text) {
  const auto whole = trimmed(text);
  const auto open = whole.find('(');
  if (open == std::string_view::npos) {
    if (!whole.empty()) return PartitionTerm{std::string(whole), parse_transform("identity")};
  } else if (whole.ends_with(')')) {
    const auto name = trimmed(whole.substr(0, open));
    auto inside = whole.substr(open + 1, whole.size() - open - 2);
    const auto comma = inside.find(',');
    auto transform = parse_transform(name);
    if (comma != std::string_view::npos) {
      transform = parse_transform(fmt::format("{}[{}]", name, trimmed(inside.substr(0, comma))));
      inside.remove_prefix(comma + 1);
    }
    const auto column = trimmed(inside);
    if (transform.kind != Kind::unknown && !column.empty())
      return PartitionTerm{std::string(column), std::move(transform)};
  }
  return make_error(Errc::invalid_argument,
                    "'{}' is nothing to partition by; allowed: COLUMN, identity(COLUMN), "
                    "year(COLUMN), month(COLUMN), day(COLUMN), hour(COLUMN), bucket(N, COLUMN), "
                    "truncate(W, COLUMN)",
                    text);
}

Result<std::vector<PartitionTerm>> parse_partition_terms(std::string_view text) {
  std::vector<PartitionTerm> terms;
  if (trimmed(text) == "none") return terms;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && text[at] == '(') ++depth;
    if (at < text.size() && text[at] == ')') --depth;
    if (at < text.size() && (text[at] != ',' || depth > 0)) continue;
    TL_ASSIGN(auto term, parse_partition_term(text.substr(begin, at - begin)));
    terms.push_back(std::move(term));
    begin = at + 1;
  }
  return terms;
}

std::unique_ptr<Action> set_partitioning(std::vector<PartitionTerm> terms) {
  return change_metadata([terms = std::move(terms)](TableMetadata& next, std::int64_t) -> Result<> {
    auto last = next.last_partition_id;
    std::vector<PartitionField> fields;
    for (const auto& term : terms) {
      TL_ASSIGN(auto field, field_of(next, last, term));
      fields.push_back(std::move(field));
    }
    return take_up(next, std::move(fields));
  });
}

std::unique_ptr<Action> add_partition_field(PartitionTerm term) {
  return change_metadata([term = std::move(term)](TableMetadata& next, std::int64_t) -> Result<> {
    auto last = next.last_partition_id;
    auto fields = next.spec().fields;
    TL_ASSIGN(auto field, field_of(next, last, term));
    fields.push_back(std::move(field));
    return take_up(next, std::move(fields));
  });
}

std::unique_ptr<Action> remove_partition_field(std::string name) {
  return change_metadata([name = std::move(name)](TableMetadata& next, std::int64_t) -> Result<> {
    auto fields = next.spec().fields;
    TL_ASSIGN(const auto place, place_of(fields, name));
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(place));
    return take_up(next, std::move(fields));
  });
}

std::unique_ptr<Action> replace_partition_field(std::string name, PartitionTerm term) {
  return change_metadata([name = std::move(name), term = std::move(term)](
                             TableMetadata& next, std::int64_t) -> Result<> {
    auto last = next.last_partition_id;
    auto fields = next.spec().fields;
    TL_ASSIGN(const auto place, place_of(fields, name));
    TL_ASSIGN(fields[place], field_of(next, last, term));
    return take_up(next, std::move(fields));
  });
}

std::unique_ptr<Action> declare_partitioning(Schema declared, PartitionSpec spec) {
  return change_metadata([declared = std::move(declared), spec = std::move(spec)](
                             TableMetadata& next, std::int64_t) -> Result<> {
    auto last = next.last_partition_id;
    std::vector<PartitionField> fields;
    for (const auto& wanted : spec.fields) {
      const auto* ours = declared.find(wanted.source_id);
      const auto id = ours == nullptr ? std::nullopt : id_in_table(next, *ours);
      const auto* column = id ? next.schema().find(*id) : nullptr;
      if (column == nullptr) return {};  // dropped by somebody: theirs to partition
      TL_ASSIGN(auto field, field_of(next, last, {column->name, wanted.transform}));
      fields.push_back(std::move(field));
    }
    return take_up(next, std::move(fields));
  });
}

}  // namespace tradelake::iceberg
