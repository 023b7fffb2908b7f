// The tables as the catalog has them now: each one's head, and whether it is where its pipeline
// left it.
//
// Threads: functions. Does not: read manifests.
#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "iceberg/table.h"
#include "ops/check.h"

namespace tradelake::ops {

inline constexpr std::array<const char*, 2> pipelines{"bronze", "silver"};

struct TableHead {
  iceberg::TableIdent ident;
  Result<iceberg::Table> table;  // as load_table()
  Result<> agrees = {};          // as bronze::check_head(), for each pipeline that has written it
};

struct TableHeads {
  std::vector<TableHead> tables;
  std::map<std::string, std::vector<iceberg::ProgressRow>> progress;  // by pipeline
};

// Errors: those of the catalog; a table's own are in its place.
Result<TableHeads> read_heads(iceberg::Catalog& catalog, iceberg::FileIo& io,
                              std::span<const iceberg::TableIdent> tables);

// One check per table that cannot be used as it is.
std::vector<Check> judge_heads(const TableHeads& heads);

// When the pipeline last wrote to any of them; 0: never.
std::int64_t last_commit_us(const TableHeads& heads, const std::string& pipeline);
// The newest snapshot of all of them; 0: there is none.
std::int64_t newest_snapshot_us(const TableHeads& heads);

}  // namespace tradelake::ops
