// Spans in which a market was not received, of a table's head: what an answer over them has to say.
//
// Threads: any. Invariant: files never change, so a market's rows of one are read once. Does not:
// tell gaps that are filled, or those that are not in the table yet.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/file_index.h"
#include "bybit/category.h"
#include "core/lru_cache.h"
#include "silver/coverage_gaps.h"

namespace tradelake::api {

class GapQuery {
 public:
  explicit GapQuery(iceberg::FileIo& io) : io_(io), index_(io, "from_time") {}

  // Those that overlap [from_us, to_us), in no order.
  Result<std::vector<silver::CoverageGap>> find(const iceberg::Table& head,
                                                bybit::Category category, std::string_view symbol,
                                                std::int64_t from_us, std::int64_t to_us);

 private:
  using Gaps = std::vector<silver::CoverageGap>;
  Result<std::shared_ptr<const Gaps>> of_file(const iceberg::Table& head,
                                              const iceberg::ScanFile& file,
                                              bybit::Category category, std::string_view key);

  iceberg::FileIo& io_;
  FileIndex index_;
  LruCache<Gaps> cache_{std::size_t{8} << 20};
};

}  // namespace tradelake::api
