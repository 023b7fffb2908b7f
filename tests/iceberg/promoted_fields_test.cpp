// A field of a map column becomes a column: new rows get it when they are written, rows of old
// files when those are written again; what is no value of its type stays in the map.
#include "iceberg/promoted_fields.h"

#include <gtest/gtest.h>

#include <arrow/api.h>

#include "changing_table.h"
#include "iceberg/schema_update.h"
#include "iceberg/table_properties.h"

namespace tradelake::iceberg {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

Schema with_map() {
  return {.id = SchemaId{0},
          .fields = {field(1, "market", primitive(TypeKind::string), true),
                     {FieldId{2}, "extra",
                      map_type({FieldId{3}, "", primitive(TypeKind::string), true, ""},
                               {FieldId{4}, "", primitive(TypeKind::string), false, ""}),
                      false, ""}},
          .identifier_field_ids = {}};
}

class PromotedFieldsTest : public testing::Test {
 protected:
  std::vector<DataFile> write(const std::vector<Pairs>& extras) {
    auto values = std::make_shared<arrow::StringBuilder>();
    auto keys = std::make_shared<arrow::StringBuilder>();
    arrow::MapBuilder maps(arrow::default_memory_pool(), keys, values);
    arrow::StringBuilder markets;
    for (const auto& extra : extras) {
      EXPECT_TRUE(markets.Append("m").ok());
      EXPECT_TRUE((extra.empty() ? maps.AppendNull() : maps.Append()).ok());
      for (const auto& [key, value] : extra)
        EXPECT_TRUE(keys->Append(key).ok() && values->Append(value).ok());
    }
    const auto rows = arrow::Table::Make(
        arrow::schema({arrow::field("market", arrow::utf8()), arrow::field("extra", maps.type())}),
        {*markets.Finish(), *maps.Finish()});
    auto files = write_rows(table_.io, table_.metadata, with_map(), rows);
    EXPECT_TRUE(files) << files.error().message;
    table_.apply(append_files(*files));
    return *files;
  }

  void promote(const char* key, const char* column, TypePtr type) {
    table_.apply(promote_field("extra", key, column, std::move(type)));
  }

  std::optional<std::string> refused(const char* map, const char* key, const char* column,
                                     TypePtr type) {
    const auto next =
        promote_field(map, key, column, std::move(type))->apply(table_.metadata, table_.io, 1);
    if (next) return std::nullopt;
    EXPECT_EQ(next.error().code, Errc::invalid_argument);
    return next.error().message;
  }

  Changing table_{
      .io = {},
      .metadata = new_table_metadata("mem:/t", with_map(), {}, {}, {}, 1'700'000'000'000)};
};

TEST_F(PromotedFieldsTest, NewRowsHaveTheirValuesAndTheMapStays) {
  promote("fee", "fee", decimal_type(38, 18));
  promote("n", "number", primitive(TypeKind::int64));
  promote("b", "flag", primitive(TypeKind::boolean));
  promote("t", "words", primitive(TypeKind::string));
  const auto files = write({{{"fee", "0.000000000000000001"}, {"n", "-7"}, {"t", ""}},
                            {},
                            {{"n", "12x"}, {"b", "true"}, {"other", "1"}},
                            {{"fee", "1.5"}, {"n", "9223372036854775807"}, {"t", "null"}}});
  EXPECT_EQ(table_.read(files[0], "fee"),
            (Column{Value{int128_t{1}}, {}, {}, Value{int128_t{1'500'000'000'000'000'000}}}));
  EXPECT_EQ(table_.read(files[0], "number"),
            (Column{Value{std::int64_t{-7}}, {}, {}, Value{INT64_MAX}}));
  EXPECT_EQ(table_.read(files[0], "flag"), (Column{{}, {}, Value{true}, {}}));
  EXPECT_EQ(table_.read(files[0], "words"), (Column{text(""), {}, {}, text("null")}));
  const auto rows = *read_data_file(table_.metadata, table_.io, files[0], {"extra"}, {});
  EXPECT_EQ((*rows->column(0)->GetScalar(2))->ToString().find("other") != std::string::npos, true);
  EXPECT_EQ((*rows->column(0)->GetScalar(2))->ToString().find("12x") != std::string::npos, true);
}

TEST_F(PromotedFieldsTest, OldRowsAreFilledFromWhatTheyHave) {
  const auto old = write({{{"fee", "3"}}, {}, {{"fee", "no"}}});
  promote("fee", "fee", primitive(TypeKind::int32));
  EXPECT_EQ(table_.read(old[0], "fee"), (Column{{}, {}, {}}));
  const auto rows = *read_data_file(table_.metadata, table_.io, old[0], {}, {});
  const auto filled = fill_promoted(table_.metadata, rows);
  ASSERT_TRUE(filled) << filled.error().message;
  const auto column = (*filled)->GetColumnByName("fee");
  EXPECT_EQ((*column->GetScalar(0))->ToString(), "3");
  EXPECT_EQ(column->null_count(), 2);
  // Again it changes nothing, and a value that is there is not replaced.
  EXPECT_TRUE((*fill_promoted(table_.metadata, *filled))->Equals(**filled));
}

TEST_F(PromotedFieldsTest, FollowsRenamesAndEndsWithTheColumn) {
  promote("fee", "fee", primitive(TypeKind::int32));
  table_.apply(rename_column("fee", "charge"));
  table_.apply(rename_column("extra", "more"));
  EXPECT_EQ(promoted_fields(table_.metadata),
            (std::vector{PromotedField{FieldId{2}, FieldId{5}, "fee"}}));
  table_.apply(drop_column("charge"));
  EXPECT_EQ(promoted_fields(table_.metadata), std::vector<PromotedField>{});
}

TEST_F(PromotedFieldsTest, SaidTwiceIsSaidOnce) {
  promote("a.b", "fee", primitive(TypeKind::int32));
  const auto before = table_.metadata.last_column_id;
  promote("a.b", "fee", primitive(TypeKind::int32));
  EXPECT_EQ(table_.metadata.last_column_id, before);
  ASSERT_EQ(promoted_fields(table_.metadata).size(), 1U);
  EXPECT_EQ(promoted_fields(table_.metadata)[0].key, "a.b");
}

TEST_F(PromotedFieldsTest, RefusesWhatCannotBe) {
  EXPECT_NE(refused("market", "fee", "fee", primitive(TypeKind::int32)), std::nullopt);
  EXPECT_NE(refused("nothing", "fee", "fee", primitive(TypeKind::int32)), std::nullopt);
  EXPECT_NE(refused("extra", "", "fee", primitive(TypeKind::int32)), std::nullopt);
  EXPECT_NE(refused("extra", "fee", "market", primitive(TypeKind::string)), std::nullopt);
  EXPECT_NE(refused("extra", "fee", "fee", primitive(TypeKind::binary)), std::nullopt);
}

TEST_F(PromotedFieldsTest, PropertiesThatSaySomethingElseArePassedOver) {
  table_.apply(set_properties({{"tradelake.promoted.", "2.fee"},
                               {"tradelake.promoted.x", "2.fee"},
                               {"tradelake.promoted.1", "2.fee"},
                               {"tradelake.promoted.77", "2.fee"},
                               {"tradelake.promoted.2", "nothing"}}));
  EXPECT_EQ(promoted_fields(table_.metadata), std::vector<PromotedField>{});
  EXPECT_EQ(write({{{"fee", "1"}}}).size(), 1U);
}

}  // namespace
}  // namespace tradelake::iceberg
