// Vectors of the spec's «Appendix D» and the pitfalls of bounds.
#include "iceberg/value.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>

namespace tradelake::iceberg {
namespace {

using namespace std::string_literals;

std::string int64_bytes(std::int64_t value) {
  return to_bytes(*primitive(TypeKind::int64), Value{value});
}

TEST(Value, SerializesAsAppendixDSays) {
  EXPECT_EQ(to_bytes(*primitive(TypeKind::boolean), Value{true}), "\x01"s);
  EXPECT_EQ(to_bytes(*primitive(TypeKind::int32), Value{std::int32_t{34}}), "\x22\0\0\0"s);
  EXPECT_EQ(to_bytes(*primitive(TypeKind::date), Value{std::int32_t{-1}}), "\xff\xff\xff\xff"s);
  EXPECT_EQ(int64_bytes(34), "\x22\0\0\0\0\0\0\0"s);
  EXPECT_EQ(to_bytes(*primitive(TypeKind::float32), Value{1.0F}), "\0\0\x80\x3f"s);
  EXPECT_EQ(to_bytes(*primitive(TypeKind::float64), Value{1.0}), "\0\0\0\0\0\0\xf0\x3f"s);
  EXPECT_EQ(to_bytes(*primitive(TypeKind::string), Value{"iceberg"s}), "iceberg");
}

TEST(Value, WritesDecimalsBigEndianInAsFewBytesAsHoldThem) {
  EXPECT_EQ(decimal_bytes(0), "\0"s);
  EXPECT_EQ(decimal_bytes(1420), "\x05\x8c"s);  // 14.20 of the spec's hash example
  EXPECT_EQ(decimal_bytes(127), "\x7f"s);
  EXPECT_EQ(decimal_bytes(128), "\0\x80"s);
  EXPECT_EQ(decimal_bytes(-128), "\x80"s);
  EXPECT_EQ(decimal_bytes(-129), "\xff\x7f"s);
  EXPECT_EQ(decimal_bytes(-1), "\xff"s);
}

TEST(Value, ReadsDecimalsOfAnyWidthWithTheirSign) {
  EXPECT_EQ(*decimal_from_bytes("\xff"s), -1);
  EXPECT_EQ(*decimal_from_bytes("\0\0\0\x80"s), 128);
  EXPECT_EQ(*decimal_from_bytes(std::string(20, '\xff')), -1);
  EXPECT_FALSE(decimal_from_bytes(""));
  EXPECT_FALSE(decimal_from_bytes("\x01"s + std::string(16, '\0')));
  EXPECT_FALSE(decimal_from_bytes("\0\x80"s + std::string(15, '\0')));  // + 2^127
}

RC_GTEST_PROP(Value, DecimalsComeBack, (std::int64_t high, std::uint64_t low)) {
  const auto value = static_cast<int128_t>((static_cast<uint128_t>(high) << 64) | low);
  RC_ASSERT(*decimal_from_bytes(decimal_bytes(value)) == value);
}

TEST(Value, TellsAPromotedColumnByTheLengthOfItsBound) {
  EXPECT_EQ(*from_bytes(*primitive(TypeKind::int64), "\xff\xff\xff\xff"s), Value{std::int64_t{-1}});
  EXPECT_EQ(*from_bytes(*primitive(TypeKind::float64), "\0\0\x80\x3f"s), Value{1.0});
  EXPECT_FALSE(from_bytes(*primitive(TypeKind::int32), int64_bytes(1)));
  EXPECT_FALSE(from_bytes(*primitive(TypeKind::timestamp), "\0\0\0\0"s));
}

TEST(Value, OrdersZerosBytesAndNumbers) {
  EXPECT_TRUE(compare(Value{-0.0}, Value{0.0}) < 0);
  EXPECT_TRUE(compare(Value{"\x7f"s}, Value{"\x80"s}) < 0);
  EXPECT_TRUE(compare(Value{"a"s}, Value{"ab"s}) < 0);
  EXPECT_TRUE(compare(Value{int128_t{5}}, Value{int128_t{-6}}) > 0);
}

TEST(Value, TruncatesTextByCodePoints) {
  const auto& text = *primitive(TypeKind::string);
  EXPECT_EQ(truncate_lower(text, "イロハニホヘト", 2), "イロ");
  EXPECT_EQ(truncate_lower(text, "iceberg", 16), "iceberg");
  EXPECT_EQ(truncate_upper(text, "iceberg", 16), "iceberg");  // not cut: not incremented
  EXPECT_EQ(truncate_upper(text, "iceberg", 3), "icf");
  EXPECT_EQ(truncate_upper(text, "イロハ", 2), "イヮ");
}

TEST(Value, CarriesToTheLeftWhereTheLastCodePointCannotGrow) {
  const auto& text = *primitive(TypeKind::string);
  const std::string last = "\U0010FFFF";
  EXPECT_EQ(truncate_upper(text, "a" + last + "x", 2), "b");
  EXPECT_EQ(truncate_upper(text, last + last + "x", 2), std::nullopt);
  EXPECT_EQ(truncate_upper(text, "a\uD7FFx", 2), "a\uE000");  // over the surrogates
  EXPECT_EQ(truncate_upper(text, "\x7fx", 1), "\u0080");      // a longer code point
}

TEST(Value, IncrementsBytesBelow255) {
  const auto& bytes = *primitive(TypeKind::binary);
  EXPECT_EQ(truncate_lower(bytes, "\x01\xff\x02"s, 2), "\x01\xff"s);
  EXPECT_EQ(truncate_upper(bytes, "\x01\xff\x02"s, 2), "\x02"s);
  EXPECT_EQ(truncate_upper(bytes, "\xff\xff\x02"s, 2), std::nullopt);
}

RC_GTEST_PROP(Value, TruncatedBoundsEncloseAnyBytes, (const std::string& text)) {
  const auto width = static_cast<std::size_t>(*rc::gen::inRange(1, 20));
  for (const auto kind : {TypeKind::string, TypeKind::binary}) {
    RC_ASSERT(truncate_lower(*primitive(kind), text, width) <= text);
    const auto upper = truncate_upper(*primitive(kind), text, width);
    if (upper) RC_ASSERT(*upper >= text);  // RC_ASSERT evaluates both sides of an ||
  }
}

}  // namespace
}  // namespace tradelake::iceberg
