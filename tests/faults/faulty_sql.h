// A connection to the catalog's database that breaks on request: before, in and after COMMIT, and
// at every statement that changes something.
//
// It tells the catalog, as PostgreSQL's does, that what became of an unanswered COMMIT can be found
// out, so the catalog's own code runs: fence, three outcomes, resolution. A process that stands
// still within a transaction loses it, as the database waits no longer. Threads: one at a time.
#pragma once

#include <functional>
#include <memory>

#include "iceberg/fault_injection.h"
#include "iceberg/sql_session.h"

namespace tradelake::faults {

class FaultySqlSession final : public iceberg::SqlSession {
 public:
  FaultySqlSession(std::unique_ptr<iceberg::SqlSession> session, iceberg::Faults& faults)
      : session_(std::move(session)), faults_(faults) {}

  Result<> begin(Access access) override;
  Result<std::vector<iceberg::SqlRow>> query(
      std::string_view sql, std::initializer_list<iceberg::SqlValue> parameters) override;
  Result<std::int64_t> change(std::string_view sql,
                              std::initializer_list<iceberg::SqlValue> parameters) override;
  Result<> commit() override;
  void rollback() noexcept override;
  Result<> script(const std::string& sql) override { return session_->script(sql); }
  Result<bool> has_column(const std::string& table, const std::string& column) override {
    return session_->has_column(table, column);
  }
  std::string_view lock_rows() const override { return session_->lock_rows(); }
  bool resolves_unknown_outcomes() const override { return true; }

 private:
  // The connection is gone, and with it what was not committed.
  void lose();

  std::unique_ptr<iceberg::SqlSession> session_;
  iceberg::Faults& faults_;
  bool lost_ = false;  // until begin() makes another one
};

}  // namespace tradelake::faults
