// Corrections in a table that others have written to.
#include <gtest/gtest.h>

#include <arrow/api.h>

#include "iceberg/declared_schema.h"
#include "iceberg/lake_fixture.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "iceberg/schema_update.h"
#include "iceberg/write_rows.h"
#include "silver/candle_arrow.h"
#include "silver/candle_change.h"
#include "silver/rewrite.h"
#include "silver/tables.h"

namespace tradelake::silver {
namespace {

constexpr std::int64_t noon_us = 1'785'585'600'000'000;

class RewriteTest : public iceberg::LakeTest {
 protected:
  RewriteTest()
      : table_(
            *iceberg::ensure_table(*catalog_, *io_, warehouse(), candle_table(minute_interval))) {}

  static CandleRow row(const std::string& symbol, int price) {
    CandleRow row;
    row.category = bybit::Category::linear;
    row.symbol = symbol;
    row.open_time_us = noon_us;
    row.open = row.high = row.low = row.close = Decimal{price};
    row.volume = row.turnover = row.buy_volume = row.buy_turnover = Decimal{1};
    row.trades = 1;
    row.first_trade_time_us = row.last_trade_time_us = noon_us;
    return row;
  }

  void change(std::unique_ptr<iceberg::Action> action) {
    iceberg::Transaction transaction(*catalog_, *io_);
    transaction.add(table_, std::move(action));
    const auto done = transaction.commit();
    ASSERT_TRUE(done) << done.error().message;
  }

  // As another writer does it: a note on every row, and the last one of a category that only it
  // knows.
  void write_with_notes(const std::vector<CandleRow>& rows) {
    change(iceberg::add_column("note", iceberg::primitive(iceberg::TypeKind::string)));
    auto all = *iceberg::fit_rows(*table_.metadata, candle_schema(), to_arrow(rows));
    arrow::StringBuilder notes, categories;
    for (std::size_t n = 0; n < rows.size(); ++n) {
      ASSERT_TRUE(notes.Append("note on " + rows[n].symbol).ok());
      ASSERT_TRUE(categories.Append(n + 1 == rows.size() ? "perpetual" : "linear").ok());
    }
    all = replaced(all, "note", *notes.Finish());
    all = replaced(all, "category", *categories.Finish());
    auto files = iceberg::write_whole_rows(*io_, *table_.metadata, all, candle_file_options());
    ASSERT_TRUE(files) << files.error().message;
    ASSERT_EQ(files->size(), 1u);
    change(iceberg::append_files(*std::move(files)));
  }

  static std::shared_ptr<arrow::Table> replaced(const std::shared_ptr<arrow::Table>& rows,
                                                const std::string& name,
                                                const std::shared_ptr<arrow::Array>& values) {
    const int at = rows->schema()->GetFieldIndex(name);
    return *rows->SetColumn(at, arrow::field(name, values->type()),
                            std::make_shared<arrow::ChunkedArray>(values));
  }

  // "category symbol close note" in the order of the files.
  std::vector<std::string> texts() {
    std::vector<std::string> all;
    const auto planned = *iceberg::plan_files(*table_.metadata, *io_, {});
    for (const auto& file : planned) {
      const auto rows = *iceberg::read_data_file(*table_.metadata, *io_, file,
                                                 {"category", "symbol", close_, "note"}, {});
      const iceberg::RowReader reader(*rows);
      for (std::int64_t n = 0; n < reader.rows(); ++n)
        all.push_back(fmt::format("{} {} {} {}", reader.text(0, n), reader.text(1, n),
                                  to_string(Decimal{reader.decimal(2, n)}),
                                  reader.is_null(3, n) ? "-" : reader.text(3, n)));
    }
    return all;
  }

  iceberg::Table table_;
  std::string close_ = "close";
};

TEST_F(RewriteTest, ACorrectionKeepsWhatOthersWroteBesideIt) {
  write_with_notes({row("AAA", 1), row("MMM", 2), row("ZZZ", 3)});
  change(iceberg::rename_column("close", "last"));
  close_ = "last";
  CandleChange correction;
  correction.revised.push_back({row("MMM", 9), late_trade});
  auto action = correction.action(table_, *io_, {});
  ASSERT_TRUE(action) << action.error().message;
  change(*std::move(action));
  EXPECT_EQ(texts(), (std::vector<std::string>{
                         "linear AAA 0.000000000000000001 note on AAA",
                         "linear MMM 0.000000000000000009 -",
                         "perpetual ZZZ 0.000000000000000003 note on ZZZ",
                     }));
}

TEST_F(RewriteTest, ACandleThatIsNotThereCannotBeRevised) {
  write_with_notes({row("AAA", 1), row("AAA", 2)});
  CandleChange correction;
  correction.revised.push_back({row("MMM", 9), late_trade});
  const auto action = correction.action(table_, *io_, {});
  ASSERT_FALSE(action);
  EXPECT_EQ(action.error().code, Errc::corrupt);
}

}  // namespace
}  // namespace tradelake::silver
