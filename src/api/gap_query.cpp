#include "api/gap_query.h"

#include <fmt/format.h>

#include "bybit/topic.h"
#include "iceberg/declared_schema.h"
#include "iceberg/row_reader.h"
#include "iceberg/scan.h"
#include "silver/tables.h"

namespace tradelake::api {

Result<std::shared_ptr<const GapQuery::Gaps>> GapQuery::of_file(const iceberg::Table& head,
                                                                const iceberg::ScanFile& file,
                                                                bybit::Category category,
                                                                std::string_view key) {
  const auto name = fmt::format("{}\n{}\n{}", rows_name(file), to_string(category), key);
  if (auto known = cache_.find(name)) return known;
  using iceberg::Comparison;
  using iceberg::Value;
  const iceberg::Filter filter{
      {"category", Comparison::equal, {Value{std::string(to_string(category))}}},
      {"symbol", Comparison::in, {Value{std::string(key)}, Value{std::string(log::all_markets)}}}};
  static const auto declared = silver::coverage_gaps_table().schema;
  TL_ASSIGN(const auto rows,
            iceberg::read_data_file(*iceberg::as_declared(head.metadata, declared), io_, file,
                                    {"from_time", "to_time", "cause", "status"}, filter));
  const iceberg::RowReader reader(*rows);
  auto gaps = std::make_shared<Gaps>();
  for (std::int64_t row = 0; row < reader.rows(); ++row) {
    const auto status = reader.text(3, row);
    if (status == "filled") continue;
    gaps->push_back(
        {{reader.integer(0, row), reader.integer(1, row), std::string(reader.text(2, row))},
         std::string(status)});
  }
  cache_.put(name, gaps, 512 + name.size() + gaps->size() * 128);
  return gaps;
}

Result<std::vector<silver::CoverageGap>> GapQuery::find(const iceberg::Table& head,
                                                        bybit::Category category,
                                                        std::string_view symbol,
                                                        std::int64_t from_us, std::int64_t to_us) {
  const auto key = bybit::topic_key(category, symbol);
  TL_ASSIGN(const auto files, index_.files(head));
  Gaps found;
  for (const auto& file : *files) {
    if (file->first_us >= to_us) continue;
    if (!file->may_hold(to_string(category), key) &&
        !file->may_hold(to_string(category), log::all_markets))
      continue;
    TL_ASSIGN(const auto gaps, of_file(head, file->file, category, key));
    for (const auto& gap : *gaps) {
      if (gap.span.from_us < to_us && gap.span.to_us > from_us) found.push_back(gap);
    }
  }
  return found;
}

}  // namespace tradelake::api
