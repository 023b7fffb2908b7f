// Actions that change a table's columns («Schema Evolution»). Data files stay as they are.
//
// Threads: as Action. Columns are named by path: "price", "place.city", "points.element".
// Invariants: an id is never used twice; schemas of the past stay; a schema that the table had
// before is taken up again under its id; nothing that was valid becomes invalid.
// Does not: change a name mapping (schema.name-mapping.default).
// Errors of all: invalid_argument, with the column and what is allowed.
#pragma once

#include <memory>
#include <string>

#include "iceberg/action.h"

namespace tradelake::iceberg {

// Among the columns beside it.
struct ColumnPlace {
  enum class Kind { last, first, after, before };
  Kind kind = Kind::last;
  std::string of = {};  // a column of the same struct, by its own name
};

// An optional one, with new ids, whatever ids `type` has.
std::unique_ptr<Action> add_column(std::string path, TypePtr type, std::string doc = {},
                                   ColumnPlace place = {});
std::unique_ptr<Action> rename_column(std::string path, std::string new_name);
std::unique_ptr<Action> move_column(std::string path, ColumnPlace place);
// Not one that the partition spec, the sort order or the identifier fields use.
std::unique_ptr<Action> drop_column(std::string path);
// int to long, float to double, decimal(P, S) to decimal(P', S) with P' >= P.
std::unique_ptr<Action> widen_column(std::string path, TypePtr type);
std::unique_ptr<Action> make_column_optional(std::string path);
std::unique_ptr<Action> set_column_doc(std::string path, std::string doc);

// Adds the declared top-level columns that the table never had (declared_schema.h).
std::unique_ptr<Action> declare_columns(Schema declared);

}  // namespace tradelake::iceberg
