#include "bronze/id_window.h"

#include <filesystem>
#include <random>
#include <set>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/time.h"

namespace tradelake::bronze {
namespace {

std::string spill_directory() {
  return std::filesystem::temp_directory_path();
}

TEST(IdWindow, RemembersEveryIdWhetherInMemoryOrSpilled) {
  IdWindow window(spill_directory(), 64 << 10);  // 4096 entries
  std::mt19937_64 random(1);
  std::set<int> model;
  for (int i = 0; i < 60'000; ++i) {
    const int id = static_cast<int>(random() % 30'000);
    const auto fresh = window.insert(
        hash_id(bybit::Category::linear, "BTCUSDT", fmt::format("{}", id)), 3, us_per_day);
    ASSERT_TRUE(fresh);
    ASSERT_EQ(*fresh, model.insert(id).second) << i;
  }
  EXPECT_GT(window.spilled(), 20'000u);
  EXPECT_EQ(window.size(), model.size());
  EXPECT_LT(window.memory_bytes(), 256u << 10);
}

TEST(IdWindow, ForgetsOnlyWhatHasExpired) {
  IdWindow window(spill_directory(), 64 << 10);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(*window.insert(hash_id(bybit::Category::spot, "A", fmt::format("{}", i)), 0,
                               (1000 + i / 100) * us_per_minute));
  }
  window.expire(0, 1050 * us_per_minute);
  for (int i = 5'000; i < 10'000; ++i) {
    ASSERT_FALSE(*window.insert(hash_id(bybit::Category::spot, "A", fmt::format("{}", i)), 0,
                                2000 * us_per_minute))
        << i;
  }
  window.expire(0, 1200 * us_per_minute);
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_TRUE(window.insert(hash_id(bybit::Category::spot, "B", fmt::format("{}", i)), 0,
                              2000 * us_per_minute));
  }
  EXPECT_LT(window.size(), 16'000u);
}

TEST(IdWindow, OtherPartitionsKeepTheirIds) {
  IdWindow window(spill_directory(), 64 << 10);
  ASSERT_TRUE(*window.insert(hash_id(bybit::Category::spot, "A", "1"), 0, us_per_hour));
  ASSERT_TRUE(*window.insert(hash_id(bybit::Category::spot, "A", "2"), 1, us_per_hour));
  window.expire(0, us_per_day);
  for (int i = 0; i < 5'000; ++i) {
    ASSERT_TRUE(window.insert(hash_id(bybit::Category::spot, "B", fmt::format("{}", i)), 0,
                              2 * us_per_day));
  }
  EXPECT_FALSE(*window.insert(hash_id(bybit::Category::spot, "A", "2"), 1, us_per_hour));
}

TEST(HashId, KeepsMarketsAndIdsApart) {
  const auto same = [](IdHash a, IdHash b) { return a.high == b.high && a.low == b.low; };
  EXPECT_FALSE(same(hash_id(bybit::Category::spot, "BTCUSDT", "1"),
                    hash_id(bybit::Category::linear, "BTCUSDT", "1")));
  EXPECT_FALSE(
      same(hash_id(bybit::Category::spot, "AB", "C1"), hash_id(bybit::Category::spot, "ABC", "1")));
}

}  // namespace
}  // namespace tradelake::bronze
