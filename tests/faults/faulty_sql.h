// A connection to the catalog's database that breaks on request: at every statement, and before, in
// and after COMMIT. One that lands late is done by the database 20 ms after its connection broke,
// and holds its locks until then, as one that travels does in PostgreSQL.
//
// It tells the catalog, as PostgreSQL's does, that what became of an unanswered COMMIT can be found
// out, so the catalog's own code runs: fence, three outcomes, resolution. A process that stands
// still within a transaction loses it, as the database waits no longer. Threads: one at a time.
// Invariant: what lands late has landed when the session is destroyed.
#pragma once

#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "iceberg/fault_injection.h"
#include "iceberg/sql_session.h"

namespace tradelake::faults {

class FaultySqlSession final : public iceberg::SqlSession {
 public:
  using Open = std::function<Result<std::unique_ptr<iceberg::SqlSession>>()>;
  static Result<std::unique_ptr<FaultySqlSession>> open(Open open, iceberg::Faults& faults);

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
  FaultySqlSession(Open open, std::unique_ptr<iceberg::SqlSession> session, iceberg::Faults& faults)
      : open_(std::move(open)), session_(std::move(session)), faults_(faults) {}
  // The connection is gone, and with it what was not committed.
  void lose();
  // Its transaction is committed by another thread.
  void land_later();

  const Open open_;
  std::unique_ptr<iceberg::SqlSession> session_;
  std::vector<std::jthread> landing_;
  iceberg::Faults& faults_;
  bool lost_ = false;  // until begin() makes another one
};

}  // namespace tradelake::faults
