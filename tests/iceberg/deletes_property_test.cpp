// Any history of appended files, position and equality deletes and changed schemas, read by us and
// by a model that asks of every row and every delete whether the one is meant by the other.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "delete_writer.h"
#include "iceberg/action.h"
#include "iceberg/scan.h"
#include "parquet_brute_force.h"
#include "parquet_memory_io.h"

namespace tradelake::iceberg {
namespace {

const FieldId id_column{1}, place{2}, number{3}, amount{4}, late{5};

// The cell as the table's current types have it: integers are long in the model.
using Row = std::map<FieldId, Cell>;

struct ModelFile {
  DataFile file;
  SequenceNumber sequence_number;
  std::vector<Row> rows;
};

struct ModelDelete {
  FileContent content;
  SequenceNumber sequence_number;
  SpecId spec_id;
  PartitionTuple partition;
  Positions positions;
  std::vector<FieldId> ids;
  std::vector<Row> rows;
};

bool same_place(const PartitionTuple& a, const PartitionTuple& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) { return same(x, y); });
}

Cell cell(const Row& row, FieldId id) {
  const auto it = row.find(id);
  return it == row.end() ? Cell{} : it->second;
}

class History {
 public:
  explicit History(std::uint64_t seed) : random_(seed) {
    metadata_.location = "mem:/t";
    metadata_.schemas = {
        {SchemaId{0},
         {field(1, "id", primitive(TypeKind::int64)),
          field(2, "place", primitive(TypeKind::string)),
          field(3, "number", primitive(TypeKind::int32)), field(4, "amount", decimal_type(9, 2))},
         {}}};
    metadata_.specs = {
        PartitionSpec{SpecId{0}, {}},
        PartitionSpec{SpecId{1}, {{place, FieldId{1000}, "place", parse_transform("identity")}}}};
    metadata_.sort_orders = {{}};
  }

  void step() {
    switch (below(random_, 8)) {
      case 0:
      case 1:
        return append();
      case 2:
      case 3:
        return commit({}, {position_delete()});
      case 4:
      case 5:
        return commit({}, {equality_delete()});
      case 6: {  // data and deletes in one commit
        auto data = data_file();
        pending_ = &data;
        std::vector<std::pair<DataFile, ModelDelete>> deletes{position_delete(), equality_delete()};
        pending_ = nullptr;
        return commit({data}, deletes);
      }
      default:
        return change_schema();
    }
  }

  // file -> ids of the rows that are left and match.
  std::map<std::string, std::vector<std::int64_t>> expected(const Filter& filter) const {
    std::map<std::string, std::vector<std::int64_t>> all;
    for (const auto& file : files_) {
      for (std::size_t i = 0; i < file.rows.size(); ++i) {
        const auto& row = file.rows[i];
        const bool matches = std::ranges::all_of(filter, [&](const Predicate& predicate) {
          const auto& field = *metadata_.schema().find(predicate.column);
          return holds(predicate, narrow(field, cell(row, field.id)));
        });
        if (matches && !is_deleted(file, static_cast<std::int64_t>(i)))
          all[file.file.path].push_back(std::get<std::int64_t>(*cell(row, id_column)));
      }
    }
    return all;
  }

  std::map<std::string, std::vector<std::int64_t>> found(const Filter& filter) {
    std::map<std::string, std::vector<std::int64_t>> all;
    const auto planned = plan_files(metadata_, io_, filter);
    EXPECT_TRUE(planned) << planned.error().message;
    for (const auto& file : *planned) {
      std::vector<std::string> columns{"id"};
      if (below(random_, 2) == 0) columns = {"place", "id"};
      io_.opened = 0;
      const auto rows = read_data_file(metadata_, io_, file, columns, filter);
      EXPECT_TRUE(rows) << rows.error().message;
      if (file.deletes.empty()) {
        EXPECT_EQ(io_.opened, 1);
      }
      add_ids(**rows, all[file.file.path]);
    }
    std::erase_if(all, [](const auto& file) { return file.second.empty(); });
    return all;
  }

  // The same of all rows, as a merge reads them.
  std::map<std::string, std::vector<std::int64_t>> streamed() {
    std::map<std::string, std::vector<std::int64_t>> all;
    const auto planned = *plan_files(metadata_, io_, {});
    for (const auto& file : planned) {
      const auto source = stream_data_file(std::make_shared<const TableMetadata>(metadata_), io_,
                                           file, 1 + below(random_, 12));
      while (true) {
        const auto rows = source();
        EXPECT_TRUE(rows) << rows.error().message;
        if (!rows || *rows == nullptr) break;
        EXPECT_EQ((*rows)->num_columns(), std::ssize(metadata_.schema().fields));
        add_ids(**rows, all[file.file.path]);
      }
    }
    std::erase_if(all, [](const auto& file) { return file.second.empty(); });
    return all;
  }

  Filter filter() {
    Filter filter;
    const auto& fields = metadata_.schema().fields;
    for (auto n = below(random_, 3); n > 0; --n) {
      const auto& of = fields[static_cast<std::size_t>(below(random_, std::ssize(fields)))];
      auto predicate = random_predicate(of, random_);
      for (auto& value : predicate.values) {
        if (const auto random = any(of.id); random && below(random_, 3) > 0) value = *random;
        value = *narrow(of, value);
      }
      filter.push_back(std::move(predicate));
    }
    return filter;
  }

 private:
  static void add_ids(const arrow::Table& rows, std::vector<std::int64_t>& ids) {
    for (const auto& id : to_cells(*primitive(TypeKind::int64), *rows.GetColumnByName("id")))
      ids.push_back(std::get<std::int64_t>(*id));
  }

  bool is_deleted(const ModelFile& file, std::int64_t position) const {
    const auto& row = file.rows[static_cast<std::size_t>(position)];
    return std::ranges::any_of(deletes_, [&](const ModelDelete& d) {
      const bool same_partition =
          d.spec_id == file.file.spec_id && same_place(d.partition, file.file.partition);
      if (d.content == FileContent::position_deletes) {
        return same_partition && d.sequence_number >= file.sequence_number &&
               std::ranges::find(d.positions, std::pair(file.file.path, position)) !=
                   d.positions.end();
      }
      if (d.sequence_number <= file.sequence_number || !(same_partition || d.spec_id == SpecId{0}))
        return false;
      return std::ranges::any_of(d.rows, [&](const Row& deleted) {
        return std::ranges::all_of(
            d.ids, [&](FieldId id) { return same(cell(row, id), cell(deleted, id)); });
      });
    });
  }

  // From the model's long to the type that the column has now.
  static Cell narrow(const NestedField& field, Cell cell) {
    const auto* wide = cell ? std::get_if<std::int64_t>(&*cell) : nullptr;
    if (wide != nullptr && field.type->kind == TypeKind::int32)
      return Value{static_cast<std::int32_t>(*wide)};
    return cell;
  }

  // Few different values, so that deletes meet rows.
  Cell any(FieldId id) {
    if (id != id_column && below(random_, 5) == 0) return {};
    if (id == id_column) return below(random_, std::max<std::int64_t>(next_id_, 1));
    if (id == number) return below(random_, 4);
    if (id == amount) return int128_t{below(random_, 4)};
    static const char* const texts[] = {"", "a", "a longer text than sixteen", "b"};
    return std::string(texts[below(random_, 4)]);
  }

  DataFileTarget target() {
    DataFileTarget target{
        .uri = fmt::format("mem:/t/data/a-prefix-of-some-length-{}.parquet", ++files_written_)};
    if (below(random_, 2) == 0) {
      target.spec_id = SpecId{1};
      target.partition = {any(place)};
    }
    return target;
  }

  // Columns for a file, in the types and under the names the table has now.
  std::vector<Column> columns(const Schema& schema, const std::vector<Row>& rows) const {
    std::vector<Column> columns;
    for (const auto& field : schema.fields) {
      auto& column = columns.emplace_back();
      for (const auto& row : rows) {
        column.push_back(narrow(field, cell(row, field.id)));
      }
    }
    return columns;
  }

  ParquetOptions options() { return {.row_group_rows = 1 + below(random_, 8)}; }

  ModelFile data_file() {
    const auto where = target();
    Schema schema = metadata_.schema();
    // As after an import: the partition alone has the column.
    if (!where.partition.empty() && below(random_, 4) == 0)
      std::erase_if(schema.fields, [](const auto& field) { return field.id == place; });
    ModelFile model;
    for (auto n = 1 + below(random_, 30); n > 0; --n) {
      Row row;
      for (const auto& field : schema.fields) row[field.id] = any(field.id);
      row[id_column] = next_id_++;
      if (!where.partition.empty()) row[place] = where.partition[0];
      model.rows.push_back(std::move(row));
    }
    model.file = written(io_, where, schema, columns(schema, model.rows), options());
    return model;
  }

  std::pair<DataFile, ModelDelete> position_delete() {
    auto where = target();
    std::set<std::pair<std::string, std::int64_t>> chosen;
    std::vector<const ModelFile*> candidates;
    for (const auto& file : files_) candidates.push_back(&file);
    if (pending_ != nullptr) candidates.push_back(pending_);
    const bool one_file = below(random_, 2) == 0;
    for (auto n = candidates.empty() ? 0 : 1 + below(random_, one_file ? 1 : 4); n > 0; --n) {
      const auto& file =
          *candidates[static_cast<std::size_t>(below(random_, std::ssize(candidates)))];
      // Mostly of the right partition, which deletes with a wrong one must not reach.
      if (below(random_, 8) > 0) {
        where.spec_id = file.file.spec_id;
        where.partition = file.file.partition;
      }
      for (auto rows = below(random_, 10); rows > 0; --rows)
        chosen.emplace(file.file.path, below(random_, std::ssize(file.rows)));
    }
    if (chosen.empty() || below(random_, 4) == 0)
      chosen.emplace("file:/t/data/another-spelling.parquet", 1);
    ModelDelete model;
    model.content = FileContent::position_deletes;
    model.positions.assign(chosen.begin(), chosen.end());
    auto file = position_deletes(io_, where, model.positions, options());
    switch (below(random_, 3)) {
      case 0:
        file.lower_bounds.clear();
        file.upper_bounds.clear();
        break;
      case 1:  // whole, as Java writes them
        file.lower_bounds[delete_path_id] = chosen.begin()->first;
        file.upper_bounds[delete_path_id] = chosen.rbegin()->first;
        break;
      default:
        break;
    }
    return placed(std::move(file), std::move(model));
  }

  std::pair<DataFile, ModelDelete> equality_delete() {
    ModelDelete model;
    model.content = FileContent::equality_deletes;
    Schema schema = metadata_.schema();
    for (const auto& field : schema.fields) {
      if (below(random_, 3) == 0) model.ids.push_back(field.id);
    }
    if (model.ids.empty()) model.ids.push_back(id_column);
    // Other columns may be there, in another order and under other names.
    std::erase_if(schema.fields, [&](const auto& field) {
      return std::ranges::find(model.ids, field.id) == model.ids.end() && below(random_, 3) > 0;
    });
    std::ranges::shuffle(schema.fields, random_);
    for (auto& field : schema.fields) field.name += "_then";
    for (auto n = 1 + below(random_, 4); n > 0; --n) {
      Row row;
      for (const auto& field : schema.fields) row[field.id] = any(field.id);
      model.rows.push_back(std::move(row));
    }
    auto file = equality_deletes(io_, target(), schema, columns(schema, model.rows), model.ids);
    return placed(std::move(file), std::move(model));
  }

  static std::pair<DataFile, ModelDelete> placed(DataFile file, ModelDelete model) {
    model.spec_id = file.spec_id;
    model.partition = file.partition;
    return {std::move(file), std::move(model)};
  }

  void append() {
    auto data = data_file();
    auto next = append_files({data.file})->apply(metadata_, io_, 1);
    ASSERT_TRUE(next) << next.error().message;
    metadata_ = *std::move(next);
    data.sequence_number = metadata_.last_sequence_number;
    files_.push_back(std::move(data));
  }

  void commit(std::vector<ModelFile> data, std::vector<std::pair<DataFile, ModelDelete>> deletes) {
    std::vector<DataFile> files;
    for (const auto& file : data) files.push_back(file.file);
    for (const auto& [file, model] : deletes) files.push_back(file);
    metadata_ = row_delta(std::move(metadata_), io_, files);
    for (auto& file : data) {
      file.sequence_number = metadata_.last_sequence_number;
      files_.push_back(std::move(file));
    }
    for (auto& [file, model] : deletes) {
      model.sequence_number = metadata_.last_sequence_number;
      deletes_.push_back(std::move(model));
    }
  }

  void change_schema() {
    Schema next = metadata_.schema();
    next.id = SchemaId{next.id.value + 1};
    auto& fields = next.fields;
    const auto at = std::ranges::find(fields, number, &NestedField::id);
    const auto dropped = std::ranges::find(fields, amount, &NestedField::id);
    switch (below(random_, 4)) {
      case 0:
        at->type = primitive(TypeKind::int64);
        break;
      case 1:
        if (dropped != fields.end()) fields.erase(dropped);
        break;
      case 2:  // under the name of the one that may have been dropped
        if (dropped == fields.end() &&
            std::ranges::find(fields, late, &NestedField::id) == fields.end())
          fields.push_back(field(late.value, "amount", primitive(TypeKind::string)));
        break;
      default:
        at->name = at->name == "number" ? "count" : "number";
        break;
    }
    metadata_.schemas.push_back(next);
    metadata_.current_schema_id = next.id;
  }

  Random random_;
  MemoryIo io_;
  TableMetadata metadata_;
  std::vector<ModelFile> files_;
  std::vector<ModelDelete> deletes_;
  const ModelFile* pending_ = nullptr;
  std::int64_t next_id_ = 0;
  int files_written_ = 0;
};

RC_GTEST_PROP(Deletes, AnyHistoryReadsAsTheModelSays, ()) {
  History history(*rc::gen::arbitrary<std::uint64_t>());
  const auto steps = *rc::gen::inRange(1, 25);
  for (int i = 0; i < steps; ++i) history.step();
  for (int i = 0; i < 4; ++i) {
    const Filter filter = i == 0 ? Filter{} : history.filter();
    auto expected = history.expected(filter);
    RC_ASSERT(history.found(filter) == expected);
    if (i == 0) RC_ASSERT(history.streamed() == expected);
  }
}

}  // namespace
}  // namespace tradelake::iceberg
