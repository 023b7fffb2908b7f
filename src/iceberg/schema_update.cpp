#include "iceberg/schema_update.h"

#include <algorithm>
#include <utility>

#include "iceberg/declared_schema.h"
#include "iceberg/metadata_action.h"
#include "iceberg/schema_tree.h"

namespace tradelake::iceberg {
namespace {

using Fields = std::vector<NestedField>;

// The fields as the current schema: one that was there before, or a new one.
void take_up(TableMetadata& next, Fields fields) {
  Schema schema{next.current_schema_id, std::move(fields), next.schema().identifier_field_ids};
  for (const auto& known : next.schemas) {
    if (known.fields != schema.fields || known.identifier_field_ids != schema.identifier_field_ids)
      continue;
    next.current_schema_id = known.id;
    return;
  }
  for (const auto& known : next.schemas) schema.id = std::max(schema.id, known.id);
  ++schema.id.value;
  next.current_schema_id = schema.id;
  next.schemas.push_back(std::move(schema));
}

std::unique_ptr<Action> change_column(
    std::string path, std::function<Result<>(TableMetadata&, const ColumnAt&)> edit) {
  return change_metadata([path = std::move(path), edit = std::move(edit)](
                             TableMetadata& next, std::int64_t) -> Result<> {
    auto fields = next.schema().fields;
    TL_TRY(edit_column(fields, path, [&](const ColumnAt& at) { return edit(next, at); }));
    take_up(next, std::move(fields));
    return {};
  });
}

Result<> check_name(const std::string& name, const Fields& siblings) {
  if (name.empty() || name.find('.') != std::string::npos) {
    return make_error(Errc::invalid_argument,
                      "'{}' is no name of a column; allowed is any text without '.'", name);
  }
  if (std::ranges::find(siblings, name, &NestedField::name) != siblings.end())
    return make_error(Errc::invalid_argument, "column '{}' exists already", name);
  return {};
}

// Elements, keys and values have no name and no place of their own.
Result<> check_movable(const ColumnAt& at) {
  if (at.parent == TypeKind::structure) return {};
  return make_error(Errc::invalid_argument,
                    "'{}' is part of a {}; allowed are columns and fields of structs",
                    at.field().name, at.parent == TypeKind::list ? "list" : "map");
}

// Keys are what values are found by: they stay as they are.
Result<> check_changeable(const ColumnAt& at) {
  if (at.parent != TypeKind::map || at.field().name != "key") return {};
  return make_error(Errc::invalid_argument, "the key of a map cannot be changed");
}

Result<> move_to(Fields& siblings, std::size_t from, const ColumnPlace& place) {
  auto moved = std::move(siblings[from]);
  siblings.erase(siblings.begin() + static_cast<std::ptrdiff_t>(from));
  auto at = siblings.end();
  if (place.kind == ColumnPlace::Kind::first) at = siblings.begin();
  if (place.kind == ColumnPlace::Kind::after || place.kind == ColumnPlace::Kind::before) {
    at = std::ranges::find(siblings, place.of, &NestedField::name);
    if (at == siblings.end()) {
      return make_error(Errc::invalid_argument,
                        "column '{}' cannot stand beside '{}'; allowed are {}", moved.name,
                        place.of, names_of(siblings));
    }
    if (place.kind == ColumnPlace::Kind::after) ++at;
  }
  siblings.insert(at, std::move(moved));
  return {};
}

Result<> add_to(TableMetadata& next, Fields& siblings, const std::string& name, const TypePtr& type,
                const std::string& doc, const ColumnPlace& place) {
  TL_TRY(check_name(name, siblings));
  const FieldId id{++next.last_column_id.value};
  siblings.push_back({id, name, with_new_ids(type, next.last_column_id), false, doc});
  return move_to(siblings, siblings.size() - 1, place);
}

bool can_widen(const Type& from, const Type& to) {
  if (from.kind == TypeKind::int32) return to.kind == TypeKind::int64;
  if (from.kind == TypeKind::float32) return to.kind == TypeKind::float64;
  return from.kind == TypeKind::decimal && to.kind == TypeKind::decimal && from.scale == to.scale &&
         from.precision <= to.precision;
}

std::string wider_than(const Type& type) {
  if (type.kind == TypeKind::int32) return "long";
  if (type.kind == TypeKind::float32) return "double";
  if (type.kind == TypeKind::decimal)
    return fmt::format("decimal(P, {}) with {} <= P <= 38", type.scale, type.precision);
  return "nothing else";
}

// Who needs the column or something inside it; empty if nobody does.
std::string user_of(const TableMetadata& metadata, const NestedField& field) {
  std::vector<FieldId> ids;
  collect_ids(field, ids);
  const auto used = [&](FieldId id) { return std::ranges::find(ids, id) != ids.end(); };
  for (const auto& part : metadata.spec().fields) {
    if (part.transform.kind != Transform::Kind::void_ && used(part.source_id))
      return fmt::format("the partition spec (field '{}')", part.name);
  }
  for (const auto& part : metadata.sort_order().fields) {
    if (used(part.source_id)) return "the sort order";
  }
  if (std::ranges::any_of(metadata.schema().identifier_field_ids, used))
    return "the identifier fields";
  return {};
}

}  // namespace

std::unique_ptr<Action> add_column(std::string path, TypePtr type, std::string doc,
                                   ColumnPlace place) {
  return change_metadata([=](TableMetadata& next, std::int64_t) -> Result<> {
    auto fields = next.schema().fields;
    const auto dot = path.rfind('.');
    if (dot == std::string::npos) {
      TL_TRY(add_to(next, fields, path, type, doc, place));
    } else {
      TL_TRY(edit_column(fields, path.substr(0, dot), [&](const ColumnAt& at) -> Result<> {
        TL_TRY(check_changeable(at));
        auto parent = *at.field().type;
        if (parent.kind != TypeKind::structure) {
          return make_error(Errc::invalid_argument,
                            "column '{}' is {}; columns can be added to the table or to a struct",
                            path.substr(0, dot), to_string(parent));
        }
        TL_TRY(add_to(next, parent.fields, path.substr(dot + 1), type, doc, place));
        at.field().type = std::make_shared<const Type>(std::move(parent));
        return {};
      }));
    }
    take_up(next, std::move(fields));
    return {};
  });
}

std::unique_ptr<Action> rename_column(std::string path, std::string new_name) {
  return change_column(std::move(path), [=](TableMetadata&, const ColumnAt& at) -> Result<> {
    TL_TRY(check_movable(at));
    if (at.field().name == new_name) return {};
    TL_TRY(check_name(new_name, at.siblings));
    at.field().name = new_name;
    return {};
  });
}

std::unique_ptr<Action> move_column(std::string path, ColumnPlace place) {
  return change_column(std::move(path), [=](TableMetadata&, const ColumnAt& at) -> Result<> {
    TL_TRY(check_movable(at));
    return move_to(at.siblings, at.index, place);
  });
}

std::unique_ptr<Action> drop_column(std::string path) {
  return change_column(std::move(path), [](TableMetadata& next, const ColumnAt& at) -> Result<> {
    TL_TRY(check_movable(at));
    const auto& name = at.field().name;
    if (const auto user = user_of(next, at.field()); !user.empty()) {
      return make_error(Errc::invalid_argument, "column '{}' cannot be dropped: {} needs it", name,
                        user);
    }
    if (at.siblings.size() == 1)
      return make_error(Errc::invalid_argument, "column '{}' cannot be dropped: it is the only one",
                        name);
    at.siblings.erase(at.siblings.begin() + static_cast<std::ptrdiff_t>(at.index));
    return {};
  });
}

std::unique_ptr<Action> widen_column(std::string path, TypePtr type) {
  return change_column(std::move(path), [=](TableMetadata&, const ColumnAt& at) -> Result<> {
    TL_TRY(check_changeable(at));
    auto& field = at.field();
    if (*field.type == *type) return {};
    if (!can_widen(*field.type, *type)) {
      return make_error(Errc::invalid_argument,
                        "column '{}' is {} and cannot become {}; allowed: {}", field.name,
                        to_string(*field.type), to_string(*type), wider_than(*field.type));
    }
    field.type = type;
    return {};
  });
}

std::unique_ptr<Action> make_column_optional(std::string path) {
  return change_column(std::move(path), [](TableMetadata& next, const ColumnAt& at) -> Result<> {
    TL_TRY(check_changeable(at));
    auto& field = at.field();
    const auto& identifiers = next.schema().identifier_field_ids;
    if (std::ranges::find(identifiers, field.id) != identifiers.end()) {
      return make_error(Errc::invalid_argument,
                        "column '{}' cannot be optional: it is an identifier field", field.name);
    }
    field.required = false;
    return {};
  });
}

std::unique_ptr<Action> set_column_doc(std::string path, std::string doc) {
  return change_column(std::move(path), [=](TableMetadata&, const ColumnAt& at) -> Result<> {
    TL_TRY(check_movable(at));  // the format has no place for a text of an element, key or value
    at.field().doc = doc;
    return {};
  });
}

std::unique_ptr<Action> declare_columns(Schema declared) {
  return change_metadata([declared = std::move(declared)](TableMetadata& next,
                                                          std::int64_t) -> Result<> {
    auto fields = next.schema().fields;
    for (const auto& field : declared.fields) {
      if (id_in_table(next, field)) continue;
      if (field.required) {
        return make_error(Errc::invalid_argument,
                          "column '{}' is required and cannot be added to a table that has rows",
                          field.name);
      }
      TL_TRY(add_to(next, fields, field.name, field.type, field.doc, {}));
    }
    take_up(next, std::move(fields));
    return {};
  });
}

}  // namespace tradelake::iceberg
