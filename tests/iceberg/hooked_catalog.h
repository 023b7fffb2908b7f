// A catalog behind which others can act at the moment that a test wants.
//
// Threads: one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "iceberg/catalog.h"

namespace tradelake::iceberg {

class HookedCatalog final : public Catalog {
 public:
  explicit HookedCatalog(Catalog& catalog) : catalog_(catalog) {}

  std::function<void()> before_commit = [] {};
  std::function<void()> after_pointer = [] {};  // was read, before it is told

  Result<std::vector<TableIdent>> list_tables() override { return catalog_.list_tables(); }
  Result<std::string> metadata_location(const TableIdent& table) override {
    auto location = catalog_.metadata_location(table);
    after_pointer();
    return location;
  }
  Result<> create_table(const TableIdent& table, const std::string& location) override {
    return catalog_.create_table(table, location);
  }
  Result<CatalogCut> cut(std::span<const TableIdent> tables, const std::string& pipeline) override {
    return catalog_.cut(tables, pipeline);
  }
  Result<std::vector<ProgressRow>> progress(const std::string& pipeline) override {
    return catalog_.progress(pipeline);
  }
  Result<std::vector<TableCommit>> table_commits(const std::string& pipeline) override {
    return catalog_.table_commits(pipeline);
  }
  Result<> commit(const CatalogCommit& commit) override {
    before_commit();
    return catalog_.commit(commit);
  }

 private:
  Catalog& catalog_;
};

}  // namespace tradelake::iceberg
