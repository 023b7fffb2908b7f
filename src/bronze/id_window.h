// Which trade ids were seen in the recent past: a set of 96-bit hashes that expires by trade time,
// and goes to disk instead of shrinking when it reaches its memory bound.
//
// Threads: one. Invariant: an id that was inserted is found until expire() passes its minute,
// however many there are. Two different ids meet with a chance of about n^2 / 2^97.
// Does not: survive the process; pipelines rebuild it from the log at replay-from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bybit/category.h"
#include "core/error.h"
#include "core/huge_pages.h"

namespace tradelake::bronze {

struct IdHash {
  std::uint64_t high = 0;
  std::uint32_t low = 0;
};

IdHash hash_id(bybit::Category category, std::string_view symbol, std::string_view trade_id);
// Of anything else that one window may hold beside trades: never taken for one of them.
IdHash hash_kline_bytes(bybit::Category category, std::string_view bytes);

class IdWindow {
 public:
  static constexpr std::size_t max_slots = 64;  // at least Positions::max_partitions

  // Spill files are made unnamed in `spill_directory`, so that none is left behind.
  IdWindow(std::string spill_directory, std::size_t memory_bytes);
  ~IdWindow();
  IdWindow(IdWindow&&) noexcept;

  // True: not seen before, now remembered. `slot` is the partition's number, below max_slots.
  // Errors: io (the spill directory is full or not writable).
  Result<bool> insert(const IdHash& id, std::size_t slot, std::int64_t trade_time_us);

  // Starts bringing an id's place into the cache: worth it a few hundred instructions before
  // insert.
  void prefetch(const IdHash& id) const {
    __builtin_prefetch(&table_[id.high & (table_.size() - 1)], 1);
  }

  // Ids of the slot from minutes that end at or before the time may be forgotten.
  void expire(std::size_t slot, std::int64_t before_us);

  void clear();

  std::size_t size() const;     // ids held, expired ones that were not yet swept too
  std::size_t spilled() const;  // of these, how many on disk
  std::size_t memory_bytes() const;

 private:
  struct Entry {
    std::uint64_t high;
    std::uint32_t low;
    std::uint32_t age;  // minute since the epoch << 6 | slot; 0: empty
  };
  class Run;

  bool expired(std::uint32_t age) const;
  bool find_or_place(const IdHash& id, std::uint32_t age);
  Result<> make_room();
  void rebuild(std::size_t capacity);
  Result<> spill();

  std::string directory_;
  std::size_t max_entries_;
  std::vector<Entry, HugePageAllocator<Entry>> table_;
  std::size_t used_ = 0;
  std::array<std::uint32_t, max_slots> first_kept_minute_{};
  std::vector<std::unique_ptr<Run>> runs_;
};

}  // namespace tradelake::bronze
