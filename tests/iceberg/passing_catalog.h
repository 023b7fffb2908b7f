// A catalog that passes every call on to another one, for twins that do something at some of them.
//
// Threads: those of the catalog behind it.
#pragma once

#include "iceberg/catalog.h"

namespace tradelake::iceberg {

class PassingCatalog : public Catalog {
 public:
  explicit PassingCatalog(Catalog& catalog) : catalog_(catalog) {}

  Result<std::vector<TableIdent>> list_tables() override { return catalog_.list_tables(); }
  Result<std::string> metadata_location(const TableIdent& table) override {
    return catalog_.metadata_location(table);
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
  Result<std::unique_ptr<PipelineHold>> hold(const std::string& pipeline) override {
    return catalog_.hold(pipeline);
  }
  Result<> commit(const CatalogCommit& commit) override { return catalog_.commit(commit); }

 protected:
  Catalog& catalog_;
};

}  // namespace tradelake::iceberg
