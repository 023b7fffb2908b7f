// Compares rows of Arrow batches by a sort order.
//
// Threads: values over immutable batches. Invariant: as Iceberg sorts: nulls where the order says,
// numbers by value with NaN last, texts and bytes unsigned byte-wise.
// Does not: transforms other than identity.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "iceberg/partition.h"
#include "iceberg/schema.h"

namespace arrow {
class Array;
class RecordBatch;
}  // namespace arrow

namespace tradelake::iceberg {

struct OrderedColumn {
  int column = 0;  // among the batch's
  bool ascending = true;
  bool nulls_first = true;
};

// Nothing where the schema's rows cannot be compared by it.
std::optional<std::vector<OrderedColumn>> ordered_columns(const Schema& schema,
                                                          const SortOrder& order);

// The columns of one batch that its rows are compared by.
class RowKeys {
 public:
  RowKeys(const arrow::RecordBatch& batch, const std::vector<OrderedColumn>& order);

  // Negative, zero or positive: `row` of this comes before, with or after `other_row` of `other`.
  int compare(std::int64_t row, const RowKeys& other, std::int64_t other_row) const;

 private:
  struct Key {
    std::shared_ptr<arrow::Array> array;
    int type = 0;  // arrow::Type
    bool ascending = true, nulls_first = true, may_be_null = true;
    const void* values = nullptr;           // of numbers
    const std::int32_t* offsets = nullptr;  // of texts
    const char* bytes = nullptr;
  };
  static int compare_values(const Key& a, std::int64_t i, const Key& b, std::int64_t j);

  std::vector<Key> keys_;
};

}  // namespace tradelake::iceberg
