// Connections to the catalog's database that are used in turn, so that reading waits for no commit
// of this process.
//
// Threads: any. Invariants: a session is one borrower's at a time; begin() of a session that was
// idle finds out whether its connection still lives, and makes another. There are at most as many
// as there were borrowers at once.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/error.h"
#include "iceberg/sql_session.h"

namespace tradelake::iceberg {

class SqlSessionPool {
 public:
  using Open = std::function<Result<std::unique_ptr<SqlSession>>()>;
  explicit SqlSessionPool(Open open) : open_(std::move(open)) {}

  class Lease {
   public:
    Lease(SqlSessionPool& pool, std::unique_ptr<SqlSession> session)
        : pool_(&pool), session_(std::move(session)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    ~Lease() {
      if (session_) pool_->give_back(std::move(session_));
    }
    SqlSession& operator*() const { return *session_; }
    SqlSession* operator->() const { return session_.get(); }
    explicit operator bool() const { return session_ != nullptr; }

   private:
    SqlSessionPool* pool_;
    std::unique_ptr<SqlSession> session_;
  };

  // Errors: those of opening one.
  Result<Lease> borrow() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Lease lease(*this, std::move(idle_.back()));
        idle_.pop_back();
        return lease;
      }
    }
    TL_ASSIGN(auto session, open_());
    return Lease(*this, std::move(session));
  }

 private:
  void give_back(std::unique_ptr<SqlSession> session) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(session));
  }

  Open open_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SqlSession>> idle_;
};

}  // namespace tradelake::iceberg
