#include "iceberg/catalog_layout.h"

#include "iceberg/catalog_schema.h"

namespace tradelake::iceberg {

Result<std::vector<LayoutGap>> layout_gaps(SqlSession& session) {
  // The layout as it should be, from the statements that make it.
  TL_ASSIGN(const auto model, open_sqlite_session(":memory:"));
  TL_TRY(model->script(std::string(catalog_tables_sql)));
  TL_ASSIGN(const auto columns,
            model->query("SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c"
                         " WHERE t.type = 'table' ORDER BY t.rowid, c.cid",
                         {}));
  std::vector<LayoutGap> gaps;
  std::string last_table;
  bool any = false;  // of the table's columns
  const auto finish_table = [&] {
    if (!gaps.empty() && gaps.back().table == last_table) gaps.back().whole = !any;
  };
  for (const auto& row : columns) {
    const auto& table = std::get<std::string>(row[0]);
    const auto& column = std::get<std::string>(row[1]);
    if (table != last_table) {
      finish_table();
      last_table = table;
      any = false;
    }
    TL_ASSIGN(const bool there, session.has_column(table, column));
    any = any || there;
    if (there) continue;
    if (gaps.empty() || gaps.back().table != table) gaps.push_back({table, {}, false});
    gaps.back().columns.push_back(column);
  }
  finish_table();
  return gaps;
}

}  // namespace tradelake::iceberg
