#include "ops/check_text.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace tradelake::ops {
namespace {

const std::vector<Check> checks{{"clock", CheckStatus::ok, "agrees"},
                                {"a longer one", CheckStatus::failed, "is away", "start it"},
                                {"orphans", CheckStatus::skipped, "needs it"}};

TEST(ChecksAsText, IsALineEachAndOneMoreForWhatToDo) {
  EXPECT_EQ(checks_as_text(checks),
            "ok       clock         agrees\n"
            "failed   a longer one  is away\n"
            "         -> start it\n"
            "skipped  orphans       needs it\n"
            "3 checks, 1 failed, 1 skipped\n");
  EXPECT_EQ(checks_as_text(std::span(checks).first(1)),
            "ok       clock  agrees\n1 checks: all is well\n");
}

TEST(ChecksAsText, KeepsAnErrorsTextInItsLine) {
  const std::vector<Check> hostile{{"x", CheckStatus::warning, "a\nfailed b\r\t\x1b[31m", "c\nd"}};
  EXPECT_EQ(checks_as_text(hostile),
            "warning  x  a failed b   [31m\n         -> c d\n1 checks, 1 warning\n");
}

TEST(ChecksAsJson, SaysTheSame) {
  const auto json = nlohmann::json::parse(checks_as_json(checks));
  EXPECT_EQ(json["ok"], false);
  ASSERT_EQ(json["checks"].size(), 3U);
  EXPECT_EQ(json["checks"][1], (nlohmann::json{{"name", "a longer one"},
                                               {"status", "failed"},
                                               {"detail", "is away"},
                                               {"action", "start it"}}));
  EXPECT_EQ(nlohmann::json::parse(checks_as_json(std::span(checks).first(1)))["ok"], true);
  EXPECT_EQ(nlohmann::json::parse(checks_as_json({}))["checks"].size(), 0U);
}

TEST(ChecksAsJson, IsValidWhateverAnErrorsTextHolds) {
  const std::vector<Check> hostile{{"x", CheckStatus::ok, "\"\\\n\x01\xff\xc3("}};
  const auto json = nlohmann::json::parse(checks_as_json(hostile));
  EXPECT_EQ(json["checks"][0]["detail"], "\"\\\n\x01\xef\xbf\xbd\xef\xbf\xbd(");
}

TEST(AllIsWell, OnlyWithoutWarningsToo) {
  EXPECT_TRUE(all_is_well({}));
  for (const auto status : {CheckStatus::ok, CheckStatus::info, CheckStatus::skipped})
    EXPECT_TRUE(all_is_well(std::vector<Check>{{"x", status}}));
  for (const auto status : {CheckStatus::warning, CheckStatus::failed})
    EXPECT_FALSE(all_is_well(std::vector<Check>{{"x", status}}));
}

}  // namespace
}  // namespace tradelake::ops
