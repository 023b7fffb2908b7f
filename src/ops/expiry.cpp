#include "ops/expiry.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <spdlog/spdlog.h>

#include "iceberg/transaction.h"

namespace tradelake::ops {
Result<ExpiredSnapshots> expire(iceberg::Catalog& catalog, iceberg::FileIo& io,
                                iceberg::Table& table, const iceberg::ExpiryPolicy& policy,
                                iceberg::ReachableFiles& reachable) {
  const auto garbage = std::make_shared<std::vector<std::string>>();
  const auto before = table.metadata->snapshots.size();
  iceberg::Transaction transaction(catalog, io);
  transaction.add(table, iceberg::expire_snapshots(policy, reachable, garbage));
  TL_TRY(transaction.commit(iceberg::patient_attempts));
  if (const auto freed = io.remove_all(*garbage); !freed) {
    spdlog::warn("event=files_not_freed table={} error=\"{}\"", to_string(table.ident),
                 freed.error().message);
  }
  const auto left = std::min(before, table.metadata->snapshots.size());
  spdlog::debug("event=snapshots_expired table={} snapshots={} left={} files={}",
                to_string(table.ident), before - left, left, garbage->size());
  return ExpiredSnapshots{static_cast<std::int64_t>(before - left),
                          static_cast<std::int64_t>(garbage->size())};
}

}  // namespace tradelake::ops
