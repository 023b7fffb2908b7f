#include "iceberg/parquet_writer.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/memory_pool.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>
#include <parquet/exception.h>
#include <parquet/properties.h>

#include "iceberg/arrow_conform.h"
#include "iceberg/arrow_error.h"
#include "iceberg/parquet_metrics.h"
#include "iceberg/parquet_properties.h"

namespace tradelake::iceberg {

namespace {

struct Encoded {
  std::shared_ptr<arrow::Buffer> bytes;
  std::shared_ptr<parquet::FileMetaData> metadata;
};

// The file's schema is Parquet's own alone: a copy of Arrow's in the footer would make readers
// built on Arrow restore dictionary types that no other reader sees.
Result<Encoded> encode(const arrow::Table& rows,
                       std::shared_ptr<parquet::WriterProperties> properties,
                       std::int64_t row_group_rows) {
  TL_ASSIGN(auto sink,
            checked(arrow::io::BufferOutputStream::Create(1 << 20), "making an output buffer"));
  TL_ASSIGN(auto writer,
            checked(parquet::arrow::FileWriter::Open(*rows.schema(), arrow::default_memory_pool(),
                                                     sink, std::move(properties)),
                    "opening a Parquet writer"));
  TL_TRY(checked(writer->WriteTable(rows, row_group_rows), "encoding rows"));
  TL_TRY(checked(writer->Close(), "writing the footer"));
  TL_ASSIGN(auto bytes, checked(sink->Finish(), "finishing the output buffer"));
  return Encoded{std::move(bytes), writer->metadata()};
}

Result<DataFile> write(FileIo& io, const DataFileTarget& target, const Schema& schema,
                       const arrow::Table& rows, const ParquetOptions& options) {
  if (rows.num_rows() == 0)
    return make_error(Errc::invalid_argument, "there are no rows; a data file has at least one");
  TL_ASSIGN(const auto conformed, conform(schema, rows));
  TL_ASSIGN(auto properties, writer_properties(schema, *conformed->schema(), options));
  TL_ASSIGN(const auto encoded, encode(*conformed, std::move(properties), options.row_group_rows));
  DataFile file;
  file.path = target.uri;
  file.spec_id = target.spec_id;
  file.partition = target.partition;
  file.sort_order_id = target.sort_order_id;
  file.size_bytes = encoded.bytes->size();
  TL_TRY(collect_metrics(schema, *encoded.metadata, *conformed, file));
  TL_TRY(io.write_new(target.uri, std::string_view(*encoded.bytes)));
  return file;
}

}  // namespace

Result<DataFile> write_data_file(FileIo& io, const DataFileTarget& target, const Schema& schema,
                                 const arrow::Table& rows, const ParquetOptions& options) {
  try {
    auto file = write(io, target, schema, rows, options);
    if (!file)
      return in_context(std::move(file).error(), fmt::format("writing data file {}", target.uri));
    return file;
  } catch (const parquet::ParquetException& e) {  // of the footer's accessors
    return make_error(Errc::corrupt, "writing data file {}: {}", target.uri, e.what());
  }
}

}  // namespace tradelake::iceberg
