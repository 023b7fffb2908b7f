#include "core/unknown_variables.h"

#include <gtest/gtest.h>

#include "core/settings.h"

namespace tradelake {
namespace {

std::vector<UnknownVariable> unknown(std::vector<std::string> variables) {
  std::vector<const char*> environment;
  for (const auto& variable : variables) environment.push_back(variable.c_str());
  environment.push_back(nullptr);
  return unknown_variables(environment.data());
}

TEST(UnknownVariables, PassesOverSettingsOtherProgramsAndOurOwnScripts) {
  for (const auto& setting : all_settings())
    EXPECT_TRUE(unknown({environment_name(setting.key) + "=x"}).empty()) << setting.key;
  EXPECT_TRUE(unknown({"PATH=/bin", "TRADELAKES=1", "tradelake_log=x", "TRADELAKE_STACK=e2e",
                       "TRADELAKE_TEST_KAFKA=kafka://h:1", "TRADELAKE_FAULTS_S3=minio",
                       "TRADELAKE_ALL_POINTS=1", "TRADELAKE_KILL_AT=3"})
                  .empty());
}

TEST(UnknownVariables, TakesASlipForOneAndNamesWhatWasMeant) {
  for (const auto& [name, meant] : std::vector<std::pair<std::string, std::string>>{
           {"TRADELAKE_COMIT_INTERVAL", "TRADELAKE_COMMIT_INTERVAL"},
           {"TRADELAKE_COMMIT_MAXROWS", "TRADELAKE_COMMIT_MAX_ROWS"},
           {"TRADELAKE_COMMIT__MAX_BYTES", "TRADELAKE_COMMIT_MAX_BYTES"},
           {"TRADELAKE_SYMBOL", "TRADELAKE_SYMBOLS"},
           {"TRADELAKE_DATADIR", "TRADELAKE_DATA_DIR"},
           {"TRADELAKE_LOGS", "TRADELAKE_LOG"}}) {
    const auto found = unknown({name + "=secret"});
    ASSERT_EQ(found.size(), 1u) << name;
    EXPECT_EQ(found[0].name, name);
    EXPECT_EQ(found[0].nearest, meant);
    EXPECT_TRUE(found[0].is_a_slip) << name;
  }
}

TEST(UnknownVariables, TakesOtherNamesForSomebodyElses) {
  // The second to fourth are what Kubernetes makes of services called tradelake and tradelake-log.
  for (const std::string name : {"TRADELAKE_IMAGE", "TRADELAKE_PORT", "TRADELAKE_SERVICE_HOST",
                                 "TRADELAKE_LOG_PORT", "TRADELAKE_TAG", "TRADELAKE_"}) {
    const auto found = unknown({name + "=x"});
    ASSERT_EQ(found.size(), 1u) << name;
    EXPECT_FALSE(found[0].is_a_slip) << name << " " << found[0].nearest;
    EXPECT_FALSE(found[0].nearest.empty());
  }
}

}  // namespace
}  // namespace tradelake
