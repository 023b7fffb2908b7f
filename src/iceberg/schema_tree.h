// Columns by path ("trade_id", "extra.value", "place.city"), changed in a copy of the tree of
// types.
//
// Threads: pure functions. A name may hold dots: the longest name that fits counts.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "core/error.h"
#include "iceberg/schema.h"

namespace tradelake::iceberg {

// A column among those beside it.
struct ColumnAt {
  std::vector<NestedField>& siblings;
  std::size_t index;
  TypeKind parent;  // structure for top-level columns

  NestedField& field() const { return siblings[index]; }
};

// Calls `edit` for the column; what it changes is in `fields` afterwards.
// Errors: invalid_argument (no such column), those of `edit`.
Result<> edit_column(std::vector<NestedField>& fields, std::string_view path,
                     const std::function<Result<>(const ColumnAt&)>& edit);

// The column, or nullptr; never one inside a list or map.
const NestedField* find_column(const Schema& schema, std::string_view path);

// All ids of the field and below it.
void collect_ids(const NestedField& field, std::vector<FieldId>& ids);

// The same type with new ids: those of one level before those below it, each ++last.
TypePtr with_new_ids(const TypePtr& type, FieldId& last);

// "a, b, c": what to say of a column that is not there.
std::string names_of(const std::vector<NestedField>& fields);

}  // namespace tradelake::iceberg
