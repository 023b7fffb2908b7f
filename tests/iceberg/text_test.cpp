// Values, types and conditions as people write them.
#include <gmock/gmock.h>

#include "iceberg/parquet_values.h"
#include "iceberg/predicate_text.h"
#include "iceberg/text_table.h"
#include "iceberg/type_text.h"
#include "iceberg/value_text.h"

namespace tradelake::iceberg {
namespace {

using testing::HasSubstr;

TEST(ValueText, ComesBackAsItWas) {
  Random random(7);
  using enum TypeKind;
  for (const auto& type : {primitive(boolean), primitive(int32), primitive(int64), primitive(date),
                           primitive(time), primitive(timestamp), primitive(string),
                           decimal_type(9, 2), decimal_type(38, 18), decimal_type(38, 0)}) {
    for (int n = 0; n < 300; ++n) {
      const auto value = random_value(*type, random);
      // Years of more digits than four are for machines only.
      const auto* days = std::get_if<std::int32_t>(&value);
      if (type->kind == date && std::abs(std::int64_t{*days}) > 700'000) continue;
      const auto text = value_text(*type, value);
      const auto back = parse_value(*type, text);
      ASSERT_TRUE(back) << to_string(*type) << " " << text << ": " << back.error().message;
      EXPECT_EQ(*back, value) << to_string(*type) << " " << text;
    }
  }
}

TEST(ValueText, TakesTimesAsPeopleWriteThem) {
  for (const auto* text : {"2024-08-08T23:54:15.342Z", "2024-08-08 23:54:15.342", "1723161255342",
                           "2024-08-08T23:54:15.342000+00:00"})
    EXPECT_EQ(parse_timestamp_us(text), 1723161255342000) << text;
  EXPECT_EQ(parse_timestamp_us("2024-08-08"), 1723075200000000);
  for (const auto* text : {"", "2024-02-30", "2024-08-08T25:00", "2024-08-08T23:54:15+02:00",
                           "2024-8-8", "now", "2024-08-08T23:54:15.3421234Z"})
    EXPECT_FALSE(parse_timestamp_us(text)) << text;
}

TEST(ValueText, RefusesWhatDoesNotFit) {
  EXPECT_FALSE(parse_value(*decimal_type(9, 2), "12345678.00"));
  EXPECT_FALSE(parse_value(*decimal_type(9, 2), "1.234"));
  EXPECT_TRUE(parse_value(*decimal_type(9, 2), "-1234567.890"));
  EXPECT_FALSE(parse_value(*primitive(TypeKind::int32), "2147483648"));
  EXPECT_FALSE(parse_value(*primitive(TypeKind::float64), "nan"));
  EXPECT_THAT(parse_value(*primitive(TypeKind::boolean), "yes").error().message,
              HasSubstr("allowed: true or false"));
}

TEST(TypeText, IsThatOfTheFormat) {
  EXPECT_EQ(to_string(**parse_type("decimal(9, 2)")), "decimal(9, 2)");
  EXPECT_EQ(to_string(**parse_type("decimal(9,2)")), "decimal(9, 2)");
  EXPECT_EQ(to_string(**parse_type("fixed[4]")), "fixed[4]");
  EXPECT_THAT(parse_type("bigint").error().message, HasSubstr("'bigint' is no type of a column"));
  EXPECT_FALSE(parse_type("decimal(39, 2)"));
}

TEST(PredicateText, IsParsedByTheColumnsType) {
  const Schema schema{.id = {},
                      .fields = {field(1, "side", primitive(TypeKind::string)),
                                 field(2, "side effect", primitive(TypeKind::string)),
                                 field(3, "price", decimal_type(9, 2))},
                      .identifier_field_ids = {}};
  const auto parsed = [&](const char* text) { return *parse_predicate(schema, text); };
  EXPECT_EQ(parsed("price>=1.5").comparison, Comparison::greater_equal);
  EXPECT_EQ(parsed("price>=1.5").values.at(0), Value{int128_t{150}});
  EXPECT_EQ(parsed("side = 'a = b'").values.at(0), Value{std::string("a = b")});
  EXPECT_EQ(parsed("side effect == x").column, "side effect");
  EXPECT_EQ(parsed("side IN Buy, 'Sell'").values.size(), 2U);
  EXPECT_EQ(parsed("side is null").comparison, Comparison::is_null);
  EXPECT_EQ(parsed(" side IS NOT NULL ").comparison, Comparison::not_null);
  for (const auto* text : {"", "side", "side is", "sid = x", "sides = x", "price = x", "price",
                           "side is null x", "= x"})
    EXPECT_FALSE(parse_predicate(schema, text)) << text;
}

TEST(TextTable, StandsBelowEachOther) {
  EXPECT_EQ(aligned({{"a", "b"}, {"\u00e9\u00e9\u00e9", "x\ny"}}),
            "a    b\n\u00e9\u00e9\u00e9  x\\ny\n");
}

}  // namespace
}  // namespace tradelake::iceberg
