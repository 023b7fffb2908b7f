#include <arrow/record_batch.h>
#include <arrow/table.h>

#include "iceberg/arrow_error.h"
#include "iceberg/parquet_file_reader.h"
#include "iceberg/scan.h"

namespace tradelake::iceberg {
namespace {

// A file that is read batch by batch, and what its reading stands on.
class Stream {
 public:
  Stream(TableMetadataPtr metadata, DataFile file)
      : metadata_(std::move(metadata)), file_(std::move(file)) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  const DataFile& file() const { return file_; }

  Result<std::shared_ptr<arrow::Table>> next(FileIo& io, std::int64_t batch_rows) {
    if (!reader_) TL_TRY(open(io, batch_rows));
    TL_ASSIGN(const auto batch, checked(batches_->Next(), "reading rows"));
    if (batch == nullptr) return nullptr;
    TL_ASSIGN(const auto found, checked(arrow::Table::FromRecordBatches({batch}), "reading rows"));
    return reader_->project(fields_, *found, batch->num_rows());
  }

 private:
  Result<> open(FileIo& io, std::int64_t batch_rows) {
    TL_ASSIGN(const auto mapping, name_mapping_of(metadata_->properties));
    TL_ASSIGN(auto reader, ParquetFileReader::open(*metadata_, io, file_, mapping, batch_rows));
    for (const NestedField& field : metadata_->schema().fields) fields_.push_back(&field);
    TL_ASSIGN(batches_, reader.batches(fields_));
    reader_.emplace(std::move(reader));
    return {};
  }

  const TableMetadataPtr metadata_;
  const DataFile file_;
  std::vector<const NestedField*> fields_;
  std::optional<ParquetFileReader> reader_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;  // reads through reader_'s
};

}  // namespace

RowSource stream_data_file(TableMetadataPtr metadata, FileIo& io, DataFile file,
                           std::int64_t batch_rows) {
  return
      [&io, batch_rows, stream = std::make_shared<Stream>(std::move(metadata), std::move(file))] {
        return reading("data", stream->file(), [&] { return stream->next(io, batch_rows); });
      };
}

}  // namespace tradelake::iceberg
