#include "bronze/id_window.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/time.h"

namespace tradelake::bronze {
namespace {

constexpr std::size_t first_capacity = 1024;
constexpr std::uint32_t slot_bits = 6;
constexpr std::size_t bloom_bits_per_id = 12;
constexpr int bloom_probes = 6;

// The table is full at 3/4.
bool is_full(std::size_t used, std::size_t capacity) {
  return used >= capacity / 4 * 3;
}

IdHash hash(std::string_view bytes, XXH64_hash_t seed) {
  const auto bits = XXH3_128bits_withSeed(bytes.data(), bytes.size(), seed);
  return {bits.high64, static_cast<std::uint32_t>(bits.low64)};
}

}  // namespace

IdHash hash_id(bybit::Category category, std::string_view symbol, std::string_view trade_id) {
  // Lengths are part of the seed, so that no symbol can lend bytes to an id.
  const XXH64_hash_t seed = static_cast<XXH64_hash_t>(category) | (symbol.size() << 8);
  char joined[256];
  std::memcpy(joined, symbol.data(), symbol.size());
  std::memcpy(joined + symbol.size(), trade_id.data(), trade_id.size());
  return hash({joined, symbol.size() + trade_id.size()}, seed);
}

IdHash hash_kline_bytes(bybit::Category category, std::string_view bytes) {
  constexpr XXH64_hash_t kind = XXH64_hash_t{1} << 63;
  return hash(bytes, kind | static_cast<XXH64_hash_t>(category));
}

// A sorted, immutable part of the set in an unnamed file, behind a Bloom filter in memory.
class IdWindow::Run {
 public:
  static Result<std::unique_ptr<Run>> write(const std::string& directory,
                                            std::vector<Entry> entries) {
    const int file = ::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (file < 0) {
      return make_error(Errc::io, "cannot make a spill file in {}: {}", directory,
                        std::strerror(errno));
    }
    auto run = std::make_unique<Run>(file, entries);
    const char* at = reinterpret_cast<const char*>(entries.data());
    std::size_t left = entries.size() * sizeof(Entry);
    while (left > 0) {
      const auto written = ::write(file, at, left);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        return make_error(Errc::io, "cannot write a spill file in {}: {}", directory,
                          std::strerror(errno));
      }
      at += written;
      left -= static_cast<std::size_t>(written);
    }
    return run;
  }

  Run(int file, std::vector<Entry>& entries)
      : file_(file),
        count_(entries.size()),
        bloom_(std::bit_ceil(count_ * bloom_bits_per_id / 64 + 1)) {
    std::ranges::sort(entries, {}, &Entry::high);
    for (const auto& entry : entries) {
      for_bits(entry.high, entry.low, [&](std::uint64_t& word, std::uint64_t bit) {
        word |= bit;
        return true;
      });
      auto& newest = newest_[entry.age & ((1u << slot_bits) - 1)];
      newest = std::max(newest, entry.age >> slot_bits);
    }
  }
  ~Run() { ::close(file_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  Result<bool> contains(const IdHash& id) {
    if (!for_bits(id.high, id.low,
                  [](std::uint64_t word, std::uint64_t bit) { return (word & bit) != 0; })) {
      return false;
    }
    std::size_t from = 0, to = count_;  // the first entry with this `high` or a greater one
    while (from < to) {
      const std::size_t middle = from + (to - from) / 2;
      TL_ASSIGN(const Entry entry, at(middle));
      if (entry.high < id.high) {
        from = middle + 1;
      } else {
        to = middle;
      }
    }
    for (; from < count_; ++from) {
      TL_ASSIGN(const Entry entry, at(from));
      if (entry.high != id.high) return false;
      if (entry.low == id.low) return true;
    }
    return false;
  }

  bool expired(const std::array<std::uint32_t, max_slots>& first_kept) const {
    for (std::size_t slot = 0; slot < max_slots; ++slot) {
      if (newest_[slot] != 0 && newest_[slot] >= first_kept[slot]) return false;
    }
    return true;
  }
  std::size_t count() const { return count_; }
  std::size_t memory_bytes() const { return bloom_.size() * sizeof(std::uint64_t); }

 private:
  template <class Visit>
  bool for_bits(std::uint64_t high, std::uint32_t low, Visit visit) {
    // Double hashing; `low` is odd-ed so that the probes differ.
    std::uint64_t hash = high;
    for (int i = 0; i < bloom_probes; ++i, hash += (std::uint64_t{low} << 17) | 1) {
      const std::uint64_t mixed = hash * 0x9e3779b97f4a7c15;
      if (!visit(bloom_[(mixed >> 6) & (bloom_.size() - 1)], std::uint64_t{1} << (mixed >> 58)))
        return false;
    }
    return true;
  }

  Result<Entry> at(std::size_t index) const {
    Entry entry;
    if (::pread(file_, &entry, sizeof entry, static_cast<off_t>(index * sizeof entry)) !=
        sizeof entry) {
      return make_error(Errc::io, "cannot read a spill file: {}", std::strerror(errno));
    }
    return entry;
  }

  int file_;
  std::size_t count_;
  std::vector<std::uint64_t> bloom_;
  std::array<std::uint32_t, max_slots> newest_{};  // minute per slot; 0: none
};

IdWindow::IdWindow(std::string spill_directory, std::size_t memory_bytes)
    : directory_(std::move(spill_directory)),
      max_entries_(std::max(first_capacity, std::bit_floor(memory_bytes / sizeof(Entry)))),
      table_(first_capacity) {}
IdWindow::~IdWindow() = default;
IdWindow::IdWindow(IdWindow&&) noexcept = default;

Result<bool> IdWindow::insert(const IdHash& id, std::size_t slot, std::int64_t trade_time_us) {
  if (is_full(used_, table_.size())) TL_TRY(make_room());
  for (const auto& run : runs_) {
    TL_ASSIGN(const bool found, run->contains(id));
    if (found) return false;
  }
  const auto minute = static_cast<std::uint32_t>(trade_time_us / us_per_minute);
  return find_or_place(id, (minute << slot_bits) | static_cast<std::uint32_t>(slot));
}

void IdWindow::expire(std::size_t slot, std::int64_t before_us) {
  const auto minute =
      static_cast<std::uint32_t>(std::max<std::int64_t>(0, floor_div(before_us, us_per_minute)));
  first_kept_minute_[slot] = std::max(first_kept_minute_[slot], minute);
  std::erase_if(runs_, [&](const auto& run) { return run->expired(first_kept_minute_); });
}

void IdWindow::clear() {
  runs_.clear();
  std::ranges::fill(table_, Entry{});
  used_ = 0;
  first_kept_minute_ = {};
}

bool IdWindow::expired(std::uint32_t age) const {
  return (age >> slot_bits) < first_kept_minute_[age & ((1u << slot_bits) - 1)];
}

// True: placed; false: it was there.
bool IdWindow::find_or_place(const IdHash& id, std::uint32_t age) {
  const std::size_t mask = table_.size() - 1;
  for (std::size_t at = id.high & mask;; at = (at + 1) & mask) {
    auto& entry = table_[at];
    if (entry.age == 0) {
      entry = {id.high, id.low, age};
      ++used_;
      return true;
    }
    if (entry.high == id.high && entry.low == id.low) return false;
  }
}

Result<> IdWindow::make_room() {
  std::size_t live = 0;
  for (const auto& entry : table_) live += entry.age != 0 && !expired(entry.age);
  if (live < table_.size() / 2) {
    rebuild(table_.size());
  } else if (table_.size() < max_entries_) {
    rebuild(table_.size() * 2);
  } else {
    return spill();
  }
  return {};
}

void IdWindow::rebuild(std::size_t capacity) {
  auto old = std::exchange(table_, decltype(table_)(capacity));
  used_ = 0;
  for (const auto& entry : old) {
    if (entry.age != 0 && !expired(entry.age)) find_or_place({entry.high, entry.low}, entry.age);
  }
}

Result<> IdWindow::spill() {
  std::vector<Entry> entries;
  entries.reserve(used_);
  for (const auto& entry : table_) {
    if (entry.age != 0 && !expired(entry.age)) entries.push_back(entry);
  }
  TL_ASSIGN(auto run, Run::write(directory_, std::move(entries)));
  runs_.push_back(std::move(run));
  std::ranges::fill(table_, Entry{});
  used_ = 0;
  return {};
}

std::size_t IdWindow::spilled() const {
  std::size_t count = 0;
  for (const auto& run : runs_) count += run->count();
  return count;
}
std::size_t IdWindow::size() const {
  return used_ + spilled();
}
std::size_t IdWindow::memory_bytes() const {
  std::size_t bytes = table_.size() * sizeof(Entry);
  for (const auto& run : runs_) bytes += run->memory_bytes();
  return bytes;
}

}  // namespace tradelake::bronze
