#include "iceberg/parquet_writer.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include "iceberg/arrow_conform.h"
#include "iceberg/arrow_error.h"
#include "iceberg/parquet_metrics.h"
#include "iceberg/parquet_properties.h"

namespace tradelake::iceberg {

// The file's schema is Parquet's own alone: a copy of Arrow's in the footer would make readers
// built on Arrow restore dictionary types that no other reader sees.
struct DataFileWriter::Encoding {
  std::shared_ptr<arrow::io::BufferOutputStream> sink;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
};

DataFileWriter::DataFileWriter(DataFileTarget target, const Schema& schema, ParquetOptions options,
                               std::int64_t expected_bytes)
    : target_(std::move(target)),
      schema_(schema),
      options_(std::move(options)),
      expected_bytes_(expected_bytes),
      metrics_(schema) {}
DataFileWriter::~DataFileWriter() = default;
DataFileWriter::DataFileWriter(DataFileWriter&&) noexcept = default;

Result<> DataFileWriter::open(const arrow::Schema& schema) {
  TL_ASSIGN(auto properties, writer_properties(schema_, schema, options_));
  auto encoding = std::make_unique<Encoding>();
  TL_ASSIGN(encoding->sink, checked(arrow::io::BufferOutputStream::Create(expected_bytes_),
                                    "making an output buffer"));
  TL_ASSIGN(encoding->writer,
            checked(parquet::arrow::FileWriter::Open(schema, arrow::default_memory_pool(),
                                                     encoding->sink, std::move(properties)),
                    "opening a Parquet writer"));
  encoding_ = std::move(encoding);
  return {};
}

Result<> DataFileWriter::add(const arrow::Table& rows) {
  if (rows.num_rows() == 0) return {};
  TL_ASSIGN(const auto conformed, conform(schema_, rows));
  if (encoding_ == nullptr) TL_TRY(open(*conformed->schema()));
  TL_ASSIGN(const auto batch, checked(conformed->CombineChunksToBatch(), "joining rows"));
  TL_TRY(checked(encoding_->writer->WriteRecordBatch(*batch), "encoding rows"));
  return metrics_.add(*conformed);
}

Result<> DataFileWriter::add_whole(const arrow::Table& rows) {
  TL_ASSIGN(const auto conformed, conform(schema_, rows));
  TL_TRY(open(*conformed->schema()));
  TL_TRY(
      checked(encoding_->writer->WriteTable(*conformed, options_.row_group_rows), "encoding rows"));
  return metrics_.add(*conformed);
}

std::int64_t DataFileWriter::encoded_bytes() const {
  return encoding_ == nullptr ? 0 : encoding_->sink->Tell().ValueOr(0);
}

Result<DataFile> DataFileWriter::finish(FileIo& io) {
  if (encoding_ == nullptr)
    return make_error(Errc::invalid_argument, "there are no rows; a data file has at least one");
  TL_TRY(checked(encoding_->writer->Close(), "writing the footer"));
  TL_ASSIGN(const auto bytes, checked(encoding_->sink->Finish(), "finishing the output buffer"));
  DataFile file;
  file.path = target_.uri;
  file.spec_id = target_.spec_id;
  file.partition = target_.partition;
  file.sort_order_id = target_.sort_order_id;
  file.size_bytes = bytes->size();
  metrics_.finish(*encoding_->writer->metadata(), file);
  TL_TRY(io.write_new(target_.uri, std::string_view(*bytes)));
  return file;
}

Result<DataFile> write_data_file(FileIo& io, const DataFileTarget& target, const Schema& schema,
                                 const arrow::Table& rows, const ParquetOptions& options) {
  try {
    auto file = [&]() -> Result<DataFile> {
      DataFileWriter writer(target, schema, options);
      if (rows.num_rows() > 0) TL_TRY(writer.add_whole(rows));
      return writer.finish(io);
    }();
    if (!file)
      return in_context(std::move(file).error(), fmt::format("writing data file {}", target.uri));
    return file;
  } catch (const parquet::ParquetException& e) {  // of the footer's accessors
    return make_error(Errc::corrupt, "writing data file {}: {}", target.uri, e.what());
  }
}

}  // namespace tradelake::iceberg
