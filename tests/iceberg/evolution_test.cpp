// Random changes of a table's columns and partitioning, between writers that know it and one that
// does not, against a model of what was written.
#include <gmock/gmock.h>

#include "iceberg/changing_table.h"
#include "iceberg/declared_schema.h"
#include "iceberg/ref_update.h"
#include "iceberg/schema_tree.h"
#include "iceberg/schema_update.h"
#include "iceberg/spec_update.h"

namespace tradelake::iceberg {
namespace {

struct ModelFile {
  DataFile file;
  std::map<FieldId, Column> columns;  // by id, as they were written
};

class RandomEvolution {
 public:
  explicit RandomEvolution(std::uint64_t seed) : random_(seed) {
    for (const auto& one : declared_schema().fields) model_.push_back(one);
  }

  void run(int steps) {
    for (int step = 0; step < steps && !testing::Test::HasFailure(); ++step) {
      change();
      check_schema();
      write(declared_schema());
      // Somebody who knows the table as it is.
      if (below(random_, 3) == 0) write(table_.metadata.schema());
      check_rows();
    }
  }

 private:
  std::string some_name() { return fmt::format("n{}", below(random_, 12)); }
  NestedField& some_column() {
    return model_[static_cast<std::size_t>(
        below(random_, static_cast<std::int64_t>(model_.size())))];
  }
  bool taken(const std::string& name) const {
    return std::ranges::find(model_, name, &NestedField::name) != model_.end();
  }
  bool in_spec(FieldId id) const {
    return std::ranges::any_of(table_.metadata.spec().fields,
                               [&](const auto& part) { return part.source_id == id; });
  }
  void expect(std::unique_ptr<Action> action, bool allowed) {
    auto next = action->apply(table_.metadata, table_.io, 1);
    ASSERT_EQ(next.has_value(), allowed) << (next ? "was allowed" : next.error().message);
    if (next) table_.metadata = *std::move(next);
  }

  void change() {
    static const TypePtr types[] = {primitive(TypeKind::int32),     primitive(TypeKind::int64),
                                    primitive(TypeKind::float32),   decimal_type(9, 2),
                                    primitive(TypeKind::timestamp), primitive(TypeKind::string)};
    auto& column = some_column();
    switch (below(random_, 9)) {
      case 0: {
        const auto name = some_name();
        const auto type = types[below(random_, std::size(types))];
        const bool allowed = !taken(name);
        const auto id = FieldId{table_.metadata.last_column_id.value + 1};
        expect(add_column(name, type), allowed);
        if (allowed) model_.push_back({id, name, type, false, ""});
        return;
      }
      case 1: {
        const auto name = some_name();
        const bool same = column.name == name;
        const bool allowed = same || !taken(name);
        expect(rename_column(column.name, name), allowed);
        if (allowed) column.name = name;
        return;
      }
      case 2: {
        const bool allowed = model_.size() > 1 && !in_spec(column.id);
        expect(drop_column(column.name), allowed);
        if (allowed) std::erase_if(model_, [&](auto& one) { return &one == &column; });
        return;
      }
      case 3: {
        const auto moved = column;
        std::erase_if(model_, [&](const auto& one) { return one.id == moved.id; });
        if (model_.empty()) {
          model_.push_back(moved);
          return;
        }
        const auto at = below(random_, static_cast<std::int64_t>(model_.size()));
        expect(move_column(moved.name,
                           {ColumnPlace::Kind::before, model_[static_cast<std::size_t>(at)].name}),
               true);
        model_.insert(model_.begin() + at, moved);
        return;
      }
      case 4: {
        const auto kind = column.type->kind;
        const auto to =
            kind == TypeKind::float32 ? primitive(TypeKind::float64)
            : kind == TypeKind::decimal
                ? decimal_type(column.type->precision + static_cast<int>(below(random_, 5)) - 1, 2)
                : primitive(TypeKind::int64);
        const bool allowed = *column.type == *to || kind == TypeKind::int32 ||
                             kind == TypeKind::float32 ||
                             (kind == TypeKind::decimal && to->precision > column.type->precision);
        expect(widen_column(column.name, to), allowed);
        if (allowed) column.type = to;
        return;
      }
      case 5:
        expect(make_column_optional(column.name), true);
        column.required = false;
        return;
      case 6:
        expect(set_column_doc(column.name, column.name + "!"), true);
        column.doc = column.name + "!";
        return;
      default: {
        static const char* const transforms[] = {"hour", "day", "month", "bucket[3]", "identity"};
        std::vector<PartitionTerm> terms;
        bool allowed = true;
        if (below(random_, 4) != 0) {
          const auto transform = parse_transform(transforms[below(random_, std::size(transforms))]);
          const auto kind = column.type->kind;
          const bool real = kind == TypeKind::float32 || kind == TypeKind::float64;
          const bool of_time = transform.kind != Transform::Kind::identity &&
                               transform.kind != Transform::Kind::bucket;
          allowed = of_time ? kind == TypeKind::timestamp
                            : transform.kind == Transform::Kind::identity || !real;
          terms.push_back({column.name, transform, fmt::format("p{}", below(random_, 5))});
          // Fields of the past bring their names back.
          if (transform.kind == Transform::Kind::identity) terms.back().name = column.name;
        }
        auto next = set_partitioning(terms)->apply(table_.metadata, table_.io, 1);
        ASSERT_EQ(next.has_value(), allowed) << (next ? "was allowed" : next.error().message);
        if (next) table_.metadata = *std::move(next);
        return;
      }
    }
  }

  void check_schema() {
    EXPECT_EQ(table_.metadata.schema().fields, model_);
    std::set<FieldId> partition_ids;
    std::map<FieldId, std::pair<FieldId, std::string>> meaning;
    for (const auto& spec : table_.metadata.specs) {
      for (const auto& part : spec.fields) {
        EXPECT_LE(part.field_id, table_.metadata.last_partition_id);
        const std::pair means(part.source_id, to_string(part.transform));
        EXPECT_EQ(meaning.try_emplace(part.field_id, means).first->second, means);
      }
    }
    for (std::size_t n = 0; n < table_.metadata.schemas.size(); ++n) {
      for (std::size_t m = 0; m < n; ++m) {
        EXPECT_NE(table_.metadata.schemas[n].id, table_.metadata.schemas[m].id);
        EXPECT_NE(table_.metadata.schemas[n].fields, table_.metadata.schemas[m].fields);
      }
    }
  }

  // The declared columns in their types of old, or those of now.
  void write(Schema known) {
    const auto count = 1 + below(random_, 6);
    std::vector<Column> columns;
    for (const auto& one : known.fields) columns.push_back(random_column(one, count, random_));
    auto files = write_rows(table_.io, table_.metadata, known, to_table(known, columns));
    ASSERT_TRUE(files) << files.error().message;
    table_.apply(append_files(*files));
    for (const auto& file : *files) {
      // Which of the rows went there is told by the model's own look at the partition.
      ModelFile model{file, {}};
      for (std::int64_t row = 0; row < count; ++row) {
        if (!belongs(known, columns, static_cast<std::size_t>(row), file)) continue;
        for (std::size_t n = 0; n < known.fields.size(); ++n)
          model.columns[known.fields[n].id].push_back(columns[n][static_cast<std::size_t>(row)]);
      }
      files_.push_back(std::move(model));
    }
    if (files_.size() > 40) files_.erase(files_.begin(), files_.begin() + 20);
  }

  bool belongs(const Schema& known, const std::vector<Column>& columns, std::size_t row,
               const DataFile& file) const {
    const auto& parts = table_.metadata.spec().fields;
    for (std::size_t p = 0; p < parts.size(); ++p) {
      Cell expected;
      const auto* column = table_.metadata.schema().find(parts[p].source_id);
      for (std::size_t n = 0; n < known.fields.size(); ++n) {
        if (known.fields[n].id != parts[p].source_id || !columns[n][row]) continue;
        expected = apply(parts[p].transform, *column->type, as(*column->type, *columns[n][row]));
      }
      if (!same(expected, file.partition[p])) return false;
    }
    return true;
  }

  static Value as(const Type& type, const Value& value) {
    const auto* narrow = std::get_if<std::int32_t>(&value);
    if (narrow != nullptr && type.kind == TypeKind::int64) return std::int64_t{*narrow};
    const auto* real = std::get_if<float>(&value);
    if (real != nullptr && type.kind == TypeKind::float64) return double{*real};
    return value;
  }

  void check_rows() {
    const auto planned = plan_files(table_.metadata, table_.io, {});
    ASSERT_TRUE(planned) << planned.error().message;
    for (const auto& file : files_) {
      const auto entry = std::ranges::find(*planned, file.file.path,
                                           [](const ScanFile& e) { return e.file.path; });
      ASSERT_NE(entry, planned->end());
      for (const auto& column : model_) {
        const auto written = file.columns.find(column.id);
        Column expected(static_cast<std::size_t>(file.file.record_count));
        if (written != file.columns.end()) {
          ASSERT_EQ(written->second.size(), expected.size());
          for (std::size_t n = 0; n < expected.size(); ++n) {
            if (written->second[n]) expected[n] = as(*column.type, *written->second[n]);
          }
        } else if (column.required) {
          continue;
        }
        EXPECT_TRUE(same(table_.read(entry->file, column.name), expected)) << column.name;
      }
    }
  }

  Random random_;
  Changing table_;
  std::vector<NestedField> model_;
  std::vector<ModelFile> files_;
};

TEST(Evolution, NeverLosesAValueWhateverIsChanged) {
  for (std::uint64_t seed = 1; seed <= 60 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    RandomEvolution(seed).run(25);
  }
}

}  // namespace
}  // namespace tradelake::iceberg
