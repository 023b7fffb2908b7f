#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "iceberg/arrow_error.h"
#include "iceberg/filter_rows.h"
#include "iceberg/parquet_file_reader.h"
#include "iceberg/row_deletes.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {
namespace {

// A file that is read batch by batch, and what its reading stands on.
class Stream {
 public:
  Stream(TableMetadataPtr metadata, ScanFile file)
      : metadata_(std::move(metadata)), file_(std::move(file)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const DataFile& file() const { return file_.file; }

  Result<std::shared_ptr<arrow::Table>> next(FileIo& io, std::int64_t batch_rows) {
    if (!reader_) TL_TRY(open(io, batch_rows));
    TL_ASSIGN(const auto batch, checked(batches_->Next(), "reading rows"));
    if (batch == nullptr) return nullptr;
    TL_ASSIGN(const auto found, checked(arrow::Table::FromRecordBatches({batch}), "reading rows"));
    TL_ASSIGN(auto rows, reader_->project(fields_, *found, batch->num_rows()));
    if (!deletes_) return rows;
    const ParquetFileReader::Span span{next_row_, batch->num_rows()};
    next_row_ += span.rows;
    TL_ASSIGN(auto left, deletes_->deselect(std::move(rows), {&span, 1}));
    return filter_rows({}, std::move(left.first), std::move(left.second));
  }

 private:
  Result<> open(FileIo& io, std::int64_t batch_rows) {
    TL_ASSIGN(const auto mapping, name_mapping_of(metadata_->properties));
    TL_ASSIGN(auto reader,
              ParquetFileReader::open(*metadata_, io, file_.file, mapping, batch_rows));
    for (const NestedField& field : metadata_->schema().fields) fields_.push_back(&field);
    if (!file_.deletes.empty()) {
      TL_ASSIGN(deletes_,
                RowDeletes::read(*metadata_, io, file_.file, file_.deletes, reader.row_count()));
      const auto compared = deletes_->compared();
      fields_.insert(fields_.end(), compared.begin(), compared.end());
    }
    TL_ASSIGN(batches_, reader.batches(fields_));
    reader_.emplace(std::move(reader));
    return {};
  }

  const TableMetadataPtr metadata_;
  const ScanFile file_;
  std::optional<RowDeletes> deletes_;  // if there are any
  std::vector<const NestedField*> fields_;
  std::int64_t next_row_ = 0;
  std::optional<ParquetFileReader> reader_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;  // reads through reader_'s
};

}  // namespace

RowSource stream_data_file(TableMetadataPtr metadata, FileIo& io, ScanFile file,
                           std::int64_t batch_rows) {
  return
      [&io, batch_rows, stream = std::make_shared<Stream>(std::move(metadata), std::move(file))] {
        return reading("data", stream->file(), [&] { return stream->next(io, batch_rows); });
      };
}

}  // namespace tradelake::iceberg
