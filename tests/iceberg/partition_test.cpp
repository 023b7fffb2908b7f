// Vectors of the spec's «Appendix B» and «Partition Transforms», and times before 1970.
#include "iceberg/partition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/time.h"
#include "iceberg/calendar.h"
#include "iceberg/murmur3.h"

namespace tradelake::iceberg {
namespace {

using namespace std::string_literals;

const Type& type(TypeKind kind) {
  return *primitive(kind);
}

std::int32_t hash(const Type& of, const Value& value) {
  return murmur3_32(to_bytes(of, value));
}

std::int32_t int_result(const char* transform, const Type& source, const Value& value) {
  return std::get<std::int32_t>(*apply(parse_transform(transform), source, value));
}

TEST(Bucket, HashesAsAppendixBSays) {
  EXPECT_EQ(hash(type(TypeKind::int64), Value{std::int64_t{34}}), 2017239379);
  EXPECT_EQ(hash(*decimal_type(9, 2), Value{int128_t{1420}}), -500754589);
  EXPECT_EQ(hash(type(TypeKind::string), Value{"iceberg"s}), 1210000089);
  EXPECT_EQ(hash(type(TypeKind::binary), Value{"\0\1\2\3"s}), -188683207);
  EXPECT_EQ(hash(type(TypeKind::uuid),
                 Value{"\xf7\x9c\x3e\x09\x67\x7c\x4b\xbd\xa4\x79\x3f\x34\x9c\xb7\x85\xe7"s}),
            1488055340);
  // 2017-11-16T22:31:08 as a timestamp; 22:31:08 as a time.
  EXPECT_EQ(hash(type(TypeKind::timestamp), Value{std::int64_t{1510871468000000}}), -2047944441);
  EXPECT_EQ(hash(type(TypeKind::time), Value{std::int64_t{81068000000}}), -662762989);
}

TEST(Bucket, GivesAnIntAndALongTheSameBucket) {
  EXPECT_EQ(int_result("bucket[16]", type(TypeKind::int32), Value{std::int32_t{34}}),
            2017239379 % 16);
  EXPECT_EQ(int_result("bucket[16]", type(TypeKind::int64), Value{std::int64_t{34}}),
            2017239379 % 16);
  // The date 2017-11-16 hashes as the long 17486.
  EXPECT_EQ(int_result("bucket[1000]", type(TypeKind::date), Value{std::int32_t{17486}}),
            (-653330422 & 0x7fffffff) % 1000);
}

RC_GTEST_PROP(Bucket, IsAlwaysBelowItsCount, (std::int64_t value)) {
  const auto count = *rc::gen::inRange(1, 1000);
  const auto bucket =
      int_result(fmt::format("bucket[{}]", count).c_str(), type(TypeKind::int64), Value{value});
  RC_ASSERT(bucket >= 0 && bucket < count);
}

TEST(Truncate, RoundsNumbersDownAlsoBelowZero) {
  EXPECT_EQ(int_result("truncate[10]", type(TypeKind::int32), Value{std::int32_t{1}}), 0);
  EXPECT_EQ(int_result("truncate[10]", type(TypeKind::int32), Value{std::int32_t{-1}}), -10);
  EXPECT_EQ(
      *apply(parse_transform("truncate[10]"), type(TypeKind::int64), Value{std::int64_t{-10}}),
      Value{std::int64_t{-10}});
  EXPECT_EQ(*apply(parse_transform("truncate[50]"), *decimal_type(9, 2), Value{int128_t{1065}}),
            Value{int128_t{1050}});
}

TEST(Truncate, CutsTextByCodePointsAndBytesByBytes) {
  EXPECT_EQ(*apply(parse_transform("truncate[3]"), type(TypeKind::string), Value{"iceberg"s}),
            Value{"ice"s});
  EXPECT_EQ(*apply(parse_transform("truncate[1]"), type(TypeKind::string), Value{"ハニ"s}),
            Value{"ハ"s});
  EXPECT_EQ(*apply(parse_transform("truncate[2]"), type(TypeKind::binary), Value{"\1\2\3"s}),
            Value{"\1\2"s});
}

TEST(DateTransforms, FloorBefore1970) {
  const Value one_us_before{std::int64_t{-1}};
  EXPECT_EQ(int_result("year", type(TypeKind::timestamp), one_us_before), -1);
  EXPECT_EQ(int_result("month", type(TypeKind::timestamp), one_us_before), -1);
  EXPECT_EQ(int_result("day", type(TypeKind::timestamp), one_us_before), -1);
  EXPECT_EQ(int_result("hour", type(TypeKind::timestamp), one_us_before), -1);
  EXPECT_EQ(int_result("month", type(TypeKind::date), Value{std::int32_t{-32}}), -2);
}

TEST(DateTransforms, CountFrom1970) {
  // 2017-11-16T22:31:08
  const Value at{std::int64_t{1510871468000000}};
  EXPECT_EQ(int_result("year", type(TypeKind::timestamptz), at), 47);
  EXPECT_EQ(int_result("month", type(TypeKind::timestamptz), at), 574);
  EXPECT_EQ(int_result("day", type(TypeKind::timestamptz), at), 17486);
  EXPECT_EQ(int_result("hour", type(TypeKind::timestamptz), at), 419686);
}

RC_GTEST_PROP(DateTransforms, AgreeWithChrono, ()) {
  const auto days = *rc::gen::inRange(-1'000'000, 1'000'000);
  const auto ours = civil_from_days(days);
  const std::chrono::year_month_day theirs{std::chrono::sys_days{std::chrono::days{days}}};
  RC_ASSERT(ours.year == int{theirs.year()});
  RC_ASSERT(ours.month == static_cast<int>(unsigned{theirs.month()}));
  RC_ASSERT(ours.day == static_cast<int>(unsigned{theirs.day()}));
}

TEST(Transform, KeepsTheTextOfAnUnknownOne) {
  const auto transform = parse_transform("zorder[3]");
  EXPECT_EQ(transform.kind, Transform::Kind::unknown);
  EXPECT_EQ(to_string(transform), "zorder[3]");
  EXPECT_EQ(apply(transform, type(TypeKind::int32), Value{std::int32_t{1}}), std::nullopt);
  EXPECT_EQ(parse_transform("bucket[0]").kind, Transform::Kind::unknown);
  EXPECT_EQ(to_string(parse_transform("bucket[16]")), "bucket[16]");
  EXPECT_EQ(result_type(parse_transform("day"), primitive(TypeKind::timestamp))->kind,
            TypeKind::date);
}

TEST(PartitionPath, IsNamedAsJavaNamesIt) {
  const Schema schema{.id = {},
                      .fields = {{FieldId{1}, "time", primitive(TypeKind::timestamp), true, ""},
                                 {FieldId{2}, "text", primitive(TypeKind::string), false, ""},
                                 {FieldId{3}, "amount", decimal_type(9, 2), false, ""}},
                      .identifier_field_ids = {}};
  const PartitionSpec spec{SpecId{0},
                           {{FieldId{1}, FieldId{1000}, "time_hour", parse_transform("hour")},
                            {FieldId{1}, FieldId{1001}, "time_day", parse_transform("day")},
                            {FieldId{1}, FieldId{1002}, "time_month", parse_transform("month")},
                            {FieldId{1}, FieldId{1003}, "time_year", parse_transform("year")},
                            {FieldId{2}, FieldId{1004}, "text", parse_transform("identity")},
                            {FieldId{3}, FieldId{1005}, "amount", parse_transform("identity")},
                            {FieldId{2}, FieldId{1006}, "b", parse_transform("bucket[4]")}}};
  const PartitionTuple tuple{Value{std::int32_t{-1}},
                             Value{std::int32_t{-1}},
                             Value{std::int32_t{-1}},
                             Value{std::int32_t{54}},
                             Value{"a b/ü"s},
                             Value{int128_t{-5}},
                             std::nullopt};
  EXPECT_EQ(partition_path(schema, spec, tuple),
            "time_hour=1969-12-31-23/time_day=1969-12-31/time_month=1969-12/time_year=2024/"
            "text=a+b%2F%C3%BC/amount=-0.05/b=null");
  EXPECT_EQ(partition_path(schema, PartitionSpec{}, {}), "");
}

}  // namespace
}  // namespace tradelake::iceberg
