#include "iceberg/sorted_merge.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/array.h>
#include <arrow/array/concatenate.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "iceberg/arrow_error.h"
#include "iceberg/row_order.h"

namespace tradelake::iceberg {
namespace {

// One run: the batch at hand, and where we are in it.
struct Run {
  RowSource source;
  std::size_t number = 0;
  std::shared_ptr<arrow::RecordBatch> batch = {};
  std::optional<RowKeys> keys = {};
  std::int64_t row = 0;

  // False: there are no more rows.
  Result<bool> load(const std::vector<OrderedColumn>& order) {
    while (true) {
      TL_ASSIGN(const auto rows, source());
      if (rows == nullptr) return false;
      if (rows->num_rows() == 0) continue;
      TL_ASSIGN(batch, checked(rows->CombineChunksToBatch(), "joining rows"));
      keys.emplace(*batch, order);
      row = 0;
      return true;
    }
  }
};

// Rows that are to be handed on, as slices of the batches they are in.
class Pending {
 public:
  Pending(std::int64_t batch_rows, const RowDrain& drain)
      : batch_rows_(batch_rows), drain_(drain) {}

  Result<> add(const arrow::RecordBatch& batch, std::int64_t from, std::int64_t to) {
    schema_ = batch.schema();
    while (from < to) {
      const std::int64_t take = std::min(to - from, batch_rows_ - rows_);
      slices_.push_back(batch.Slice(from, take));
      rows_ += take;
      from += take;
      if (rows_ == batch_rows_) TL_TRY(flush());
    }
    return {};
  }

  Result<> flush() {
    if (rows_ == 0) return {};
    arrow::ArrayVector columns;
    for (int n = 0; n < schema_->num_fields(); ++n) {
      arrow::ArrayVector parts;
      parts.reserve(slices_.size());
      for (const auto& slice : slices_) parts.push_back(slice->column(n));
      TL_ASSIGN(auto column, checked(arrow::Concatenate(parts), "joining rows"));
      columns.push_back(std::move(column));
    }
    slices_.clear();
    return drain_(arrow::Table::Make(schema_, columns, std::exchange(rows_, 0)));
  }

 private:
  const std::int64_t batch_rows_;
  const RowDrain& drain_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::shared_ptr<arrow::RecordBatch>> slices_;
  std::int64_t rows_ = 0;
};

// The first row of `run`, from its current one on, that comes after the current one of `other`.
std::int64_t end_of_turn(const Run& run, const Run& other) {
  const auto first = [&](std::int64_t row) {
    const int order = run.keys->compare(row, *other.keys, other.row);
    return order < 0 || (order == 0 && run.number < other.number);
  };
  // Neighbours in time come in long stretches from one run: steps that double, then halves.
  const std::int64_t rows = run.batch->num_rows();
  std::int64_t known = run.row, step = 1;
  while (known + step < rows && first(known + step)) {
    known += step;
    step *= 2;
  }
  std::int64_t low = known + 1, high = std::min(known + step, rows);
  while (low < high) {
    const std::int64_t middle = low + (high - low) / 2;
    if (first(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// One run after the other.
Result<> join(std::vector<Run>& runs, Pending& pending) {
  for (auto& run : runs) {
    while (true) {
      TL_ASSIGN(const bool more, run.load({}));
      if (!more) break;
      TL_TRY(pending.add(*run.batch, 0, run.batch->num_rows()));
    }
  }
  return pending.flush();
}

Result<> merge(std::vector<Run>& runs, const std::vector<OrderedColumn>& order, Pending& pending) {
  std::vector<Run*> heap;
  // The one that comes first is at the front.
  const auto after = [](const Run* a, const Run* b) {
    const int order = a->keys->compare(a->row, *b->keys, b->row);
    return order > 0 || (order == 0 && a->number > b->number);
  };
  for (auto& run : runs) {
    TL_ASSIGN(const bool any, run.load(order));
    if (any) heap.push_back(&run);
  }
  std::ranges::make_heap(heap, after);
  while (!heap.empty()) {
    std::ranges::pop_heap(heap, after);
    auto& run = *heap.back();
    heap.pop_back();
    const std::int64_t end = heap.empty() ? run.batch->num_rows() : end_of_turn(run, *heap.front());
    TL_TRY(pending.add(*run.batch, run.row, end));
    run.row = end;
    if (run.row == run.batch->num_rows()) {
      TL_ASSIGN(const bool more, run.load(order));
      if (!more) {
        run.batch.reset();
        continue;
      }
    }
    heap.push_back(&run);
    std::ranges::push_heap(heap, after);
  }
  return pending.flush();
}

}  // namespace

bool can_merge_by(const Schema& schema, const SortOrder& order) {
  return ordered_columns(schema, order).has_value();
}

Result<> merge_sorted(const Schema& schema, const SortOrder& order, std::vector<RowSource> sources,
                      std::int64_t batch_rows, const RowDrain& drain) {
  const auto columns = ordered_columns(schema, order);
  if (!columns) {
    return make_error(Errc::unsupported,
                      "sort order {} cannot be merged by: allowed are columns themselves, of "
                      "primitive types",
                      order.id.value);
  }
  std::vector<Run> runs;
  for (auto& source : sources) runs.push_back({std::move(source), runs.size()});
  Pending pending(batch_rows, drain);
  return columns->empty() ? join(runs, pending) : merge(runs, *columns, pending);
}

}  // namespace tradelake::iceberg
