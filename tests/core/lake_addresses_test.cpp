#include "core/lake_addresses.h"

#include <gtest/gtest.h>

namespace tradelake {
namespace {

Result<LakeAddresses> addresses(const std::map<std::string, std::string>& flags) {
  const auto settings =
      Settings::load(flags, "", [](const char*) -> const char* { return nullptr; });
  return lake_addresses(*settings);
}

TEST(LakeAddresses, EmbedsInTheDataDirectoryWhatIsNotElsewhere) {
  const auto lake = addresses({{"data_dir", "/d/../e"}});
  ASSERT_TRUE(lake);
  EXPECT_EQ(lake->data_dir, "/e");
  EXPECT_EQ(lake->log_file, "/e/log.db");
  EXPECT_EQ(lake->catalog_file, "/e/catalog.db");
  EXPECT_EQ(lake->warehouse_uri, "file:///e/warehouse");
  EXPECT_EQ(lake->warehouse_folder(), "/e/warehouse");
  EXPECT_FALSE(lake->warehouse_in_s3());
}

TEST(LakeAddresses, TakesWhatIsElsewhere) {
  const auto lake = addresses({{"log", "kafka://h:9092"},
                               {"catalog", "postgresql://u@h:5432/d"},
                               {"warehouse", "s3://bucket/prefix//"}});
  ASSERT_TRUE(lake);
  EXPECT_FALSE(lake->has_log_here());
  EXPECT_EQ(lake->kafka, "kafka://h:9092");
  EXPECT_EQ(lake->postgres, "postgresql://u@h:5432/d");
  EXPECT_TRUE(lake->catalog_file.empty());
  EXPECT_EQ(lake->warehouse_uri, "s3://bucket/prefix");
  EXPECT_TRUE(lake->warehouse_in_s3());
  EXPECT_EQ(addresses({{"catalog", "sqlite:/c.db"}})->catalog_file, "/c.db");
}

TEST(LakeAddresses, RefusesWhatIsNoneAndSaysWhatIsAllowed) {
  for (const auto& [key, value] :
       std::vector<std::pair<std::string, std::string>>{{"catalog", "oracle"},
                                                        {"catalog", "sqlite:"},
                                                        {"warehouse", "s3://"},
                                                        {"warehouse", "s3:///x"},
                                                        {"warehouse", "file://"},
                                                        {"warehouse", "/tmp/x"}}) {
    const auto refused = addresses({{key, value}});
    ASSERT_FALSE(refused) << value;
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_TRUE(refused.error().message.contains(value)) << refused.error().message;
    EXPECT_TRUE(refused.error().message.contains("allowed: ")) << refused.error().message;
  }
}

}  // namespace
}  // namespace tradelake
