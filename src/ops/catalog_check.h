// The catalog's database: does it answer, does it let us in, has it the layout, can pointers be
// read.
//
// Threads: functions. Does not: make tables, or put a password into anything.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/lake_addresses.h"
#include "iceberg/catalog.h"
#include "iceberg/catalog_layout.h"
#include "ops/check.h"
#include "ops/clock_check.h"

namespace tradelake::ops {

struct CatalogLook {
  std::vector<Check> checks;
  std::shared_ptr<iceberg::Catalog> catalog = nullptr;  // null: cannot be read, or is still empty
  bool not_made = false;                                // the first run will make it
  std::optional<ClockReading> clock = {};
  std::vector<iceberg::TableIdent> tables = {};
};

CatalogLook look_at_catalog(const LakeAddresses& lake);

// What a user does about a database that did not let us in, by what it said.
std::string connect_advice(const std::string& message);
Check judge_layout(const std::vector<iceberg::LayoutGap>& gaps);

}  // namespace tradelake::ops
