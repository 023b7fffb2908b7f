#include "faults/faulty_sql.h"

#include <chrono>
#include <optional>
#include <thread>

namespace tradelake::faults {
namespace {

std::unexpected<Error> no_connection() {
  return make_error(Errc::unavailable, "simulated: the connection is lost");
}

}  // namespace

Result<std::unique_ptr<FaultySqlSession>> FaultySqlSession::open(Open open,
                                                                 iceberg::Faults& faults) {
  TL_ASSIGN(auto session, open());
  return std::unique_ptr<FaultySqlSession>(
      new FaultySqlSession(std::move(open), std::move(session), faults));
}

Result<> FaultySqlSession::begin(Access access) {
  if (!session_) {
    TL_ASSIGN(session_, open_());
  }
  lost_ = false;
  return session_->begin(access);
}

Result<std::vector<iceberg::SqlRow>> FaultySqlSession::query(
    std::string_view sql, std::initializer_list<iceberg::SqlValue> parameters) {
  if (lost_) return no_connection();
  if (faults_.read_fails()) {
    lose();
    return no_connection();
  }
  return session_->query(sql, parameters);
}

Result<std::int64_t> FaultySqlSession::change(std::string_view sql,
                                              std::initializer_list<iceberg::SqlValue> parameters) {
  if (lost_) return no_connection();
  std::optional<Result<std::int64_t>> changed;  // nothing: the statement did not arrive
  const auto done = faults_.effect(
      Errc::unavailable,
      [&]() -> Result<> {
        if (lost_) return no_connection();
        changed = session_->change(sql, parameters);
        if (!*changed) return std::unexpected(changed->error());
        return {};
      },
      [&] { lose(); });
  if (changed && !*changed) return *changed;
  if (done) return *changed;
  if (!lost_) lose();
  return std::unexpected(done.error());
}

Result<> FaultySqlSession::commit() {
  if (lost_) return no_connection();
  bool ended = false;
  auto done = faults_.effect(
      Errc::unknown_outcome,
      [&]() -> Result<> {
        if (lost_) return no_connection();
        TL_TRY(session_->commit());
        ended = true;
        return {};
      },
      [&] { lose(); }, [&] { land_later(); });
  if (done) return done;
  if (!ended && !lost_ && session_) session_->rollback();
  lost_ = true;
  return done;
}

void FaultySqlSession::rollback() noexcept {
  if (!lost_) session_->rollback();
}

void FaultySqlSession::land_later() {
  if (lost_) return;
  landing_.emplace_back([session = std::move(session_)] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    (void)session->commit();
  });
}

void FaultySqlSession::lose() {
  session_->rollback();
  lost_ = true;
}

}  // namespace tradelake::faults
