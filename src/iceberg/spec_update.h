// Actions that change how a table is partitioned from now on («Partition Evolution»). Files that
// exist stay in their old spec.
//
// Threads: as Action. Invariants: a field of the same column and transform has the id and the name
// it ever had; other ids are new; a spec that the table had before is taken up again under its id.
// Errors of all: invalid_argument, with the field and what is allowed.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "iceberg/action.h"

namespace tradelake::iceberg {

// What rows are told apart by.
struct PartitionTerm {
  std::string column;  // by path through structs
  Transform transform;
  std::string name = {};  // empty: the usual one, "trade_time_hour"
};

// "symbol", "hour(trade_time)", "bucket(16, symbol)", "truncate(4, symbol)". Errors:
// invalid_argument.
Result<PartitionTerm> parse_partition_term(std::string_view text);
// Several, separated by commas; "none" for none.
Result<std::vector<PartitionTerm>> parse_partition_terms(std::string_view text);

// These and no others.
std::unique_ptr<Action> set_partitioning(std::vector<PartitionTerm> terms);
std::unique_ptr<Action> add_partition_field(PartitionTerm term);
std::unique_ptr<Action> remove_partition_field(std::string name);
// In its place.
std::unique_ptr<Action> replace_partition_field(std::string name, PartitionTerm term);

// As a spec would be declared: sources are declared columns. Ids and names do not count.
std::unique_ptr<Action> declare_partitioning(Schema declared, PartitionSpec spec);

}  // namespace tradelake::iceberg
