#include "api/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tradelake::api {
namespace {

using testing::HasSubstr;

Query parsed(std::string_view text) {
  return Query::parse(text).value();
}

TEST(Query, DecodesNamesAndValues) {
  const auto query = parsed("symbol=BTC%2FUSD+x&a%20b=%c3%a9&empty=&flag");
  EXPECT_EQ(query.find("symbol"), "BTC/USD x");
  EXPECT_EQ(query.find("a b"), "é");
  EXPECT_EQ(query.find("empty"), std::nullopt);
  EXPECT_EQ(query.find("flag"), std::nullopt);
  EXPECT_EQ(query.find("other"), std::nullopt);
}

TEST(Query, TakesOddSeparators) {
  EXPECT_EQ(parsed("").find(""), std::nullopt);
  EXPECT_EQ(parsed("&&a=1&").find("a"), "1");
  EXPECT_EQ(parsed("a==1=").find("a"), "=1=");
}

TEST(Query, RefusesBadEscapesAndRepeats) {
  for (const auto* text : {"a=%", "a=%4", "a=%zz", "%=1"}) EXPECT_FALSE(Query::parse(text)) << text;
  const auto twice = Query::parse("limit=1&limit=2");
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().status, 400);
  EXPECT_THAT(twice.error().detail, HasSubstr("limit is given twice"));
}

TEST(Query, NamesWhatIsAllowed) {
  EXPECT_THAT(parsed("simbol=X").only({"category", "symbol"}).error().detail,
              HasSubstr("simbol is no parameter here; allowed: category, symbol"));
  EXPECT_THAT(parsed("").required("symbol").error().detail, HasSubstr("symbol is missing"));
  EXPECT_THAT(parsed("limit=0").integer("limit", 1, 1000).error().detail,
              HasSubstr("limit is '0'; allowed: a whole number from 1 to 1000"));
  EXPECT_THAT(parsed("fill=next").one_of("fill", {"none", "prev"}).error().detail,
              HasSubstr("allowed: none, prev"));
  EXPECT_THAT(parsed("category=futures").category().error().detail,
              HasSubstr("allowed: spot, linear, inverse, option"));
}

TEST(Query, ReadsWholeNumbersOnly) {
  EXPECT_EQ(parsed("limit=17").integer("limit", 1, 1000).value(), 17);
  EXPECT_EQ(parsed("").integer("limit", 1, 1000).value(), std::nullopt);
  for (const auto* bad : {"1.5", "-1", "1e3", " 1", "1 ", "0x10", "99999999999999999999", "１"}) {
    EXPECT_FALSE(parsed(std::string("n=") + bad).integer("n", 0, 1000)) << bad;
  }
}

TEST(Query, TimesAreMillisecondsUpToYear9999) {
  EXPECT_EQ(parsed("start=1723161255342").time_us("start").value(), 1'723'161'255'342'000);
  EXPECT_TRUE(parsed("start=253402300799999").time_us("start"));
  EXPECT_FALSE(parsed("start=253402300800000").time_us("start"));
  EXPECT_FALSE(parsed("start=-1").time_us("start"));
}

TEST(Query, CutsLongValuesInMessages) {
  const auto error = parsed("category=" + std::string(5000, 'x')).category().error();
  EXPECT_LT(error.detail.size(), 300U);
}

TEST(Problem, IsProblemDetailsJson) {
  const auto response = to_response(Problem{404, "there is nothing at '/\"x\"'"});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(
      response.body,
      R"({"type":"about:blank","title":"Not Found","status":404,"detail":"there is nothing at '/\"x\"'"})");
}

TEST(Problem, TellsWhetherTryingAgainHelps) {
  EXPECT_EQ(to_problem({Errc::unavailable, "away"}).status, 503);
  EXPECT_EQ(to_problem({Errc::corrupt, "damaged"}).status, 500);
}

}  // namespace
}  // namespace tradelake::api
