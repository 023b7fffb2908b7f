// A catalog behind which others can act at the moment that a test wants.
//
// Threads: one.
#pragma once

#include <functional>
#include <string>

#include "iceberg/passing_catalog.h"

namespace tradelake::iceberg {

class HookedCatalog final : public PassingCatalog {
 public:
  using PassingCatalog::PassingCatalog;

  std::function<void()> before_commit = [] {};
  std::function<void()> after_pointer = [] {};  // was read, before it is told

  Result<std::string> metadata_location(const TableIdent& table) override {
    auto location = catalog_.metadata_location(table);
    after_pointer();
    return location;
  }
  Result<> commit(const CatalogCommit& commit) override {
    before_commit();
    return catalog_.commit(commit);
  }
};

}  // namespace tradelake::iceberg
