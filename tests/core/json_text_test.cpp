#include "core/json_text.h"

#include <string>

#include <gtest/gtest.h>

namespace tradelake {
namespace {

TEST(IsJson, AcceptsWhatTheRfcDoes) {
  for (const auto* text :
       {"{}", "[]", " [1, -0.5e+3 ,\"\\u00e9\\n\",true,false,null,{\"a\":[{}]}] ", "0", "\"\"",
        "{\"a\":1,\"a\":2}", "1E5", "-0"}) {
    EXPECT_TRUE(is_json(text)) << text;
  }
  EXPECT_TRUE(is_json(std::string(100'000, '[') + std::string(100'000, ']')));
}

TEST(IsJson, RefusesEverythingElse) {
  for (const auto* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\"}",
                           "{a:1}",
                           "01",
                           "1.",
                           ".5",
                           "+1",
                           "1e",
                           "tru",
                           "nul",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "\"a",
                           "\"\t\"",
                           "[1 2]",
                           "{\"a\":1 \"b\":2}",
                           "[]]",
                           "1 1",
                           "NaN",
                           "'a'",
                           "[1,,2]",
                           "{,}",
                           "-",
                           "\xef\xbb\xbf{}"}) {
    EXPECT_FALSE(is_json(text)) << text;
  }
  EXPECT_FALSE(is_json(std::string(100'000, '[')));
}

TEST(JsonValueEnd, FindsTheEndOfOneValueInALongerText) {
  const std::string text = R"(xx{"a":"}]\"","b":[1]},{"c":2})";
  EXPECT_EQ(text.substr(2, json_value_end(text, 2) - 2), R"({"a":"}]\"","b":[1]})");
}

}  // namespace
}  // namespace tradelake
