#include "iceberg/parquet_properties.h"

#include <algorithm>

#include <arrow/type.h>
#include <arrow/util/compression.h>
#include <parquet/arrow/schema.h>
#include <parquet/properties.h>
#include <parquet/schema.h>
#include <zstd.h>

#include "iceberg/arrow_error.h"

namespace tradelake::iceberg {

namespace {

bool suits_delta(TypeKind kind) {
  switch (kind) {
    case TypeKind::int32:
    case TypeKind::int64:
    case TypeKind::date:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return true;
    default:
      return false;
  }
}

Result<> check(const Schema& schema, const ParquetOptions& options) {
  if (options.zstd_level < 1 || options.zstd_level > 22) {
    return make_error(Errc::invalid_argument,
                      "ZSTD level {} of a Parquet file: allowed are 1 to 22", options.zstd_level);
  }
  if (options.row_group_rows < 1) {
    return make_error(Errc::invalid_argument, "{} rows per row group: at least 1 is needed",
                      options.row_group_rows);
  }
  for (const auto* list :
       {&options.plain_columns, &options.delta_columns, &options.random_columns}) {
    for (const std::string& name : *list) {
      const NestedField* field = schema.find(name);
      if (field == nullptr) {
        return make_error(Errc::invalid_argument,
                          "Parquet option for column '{}', which the schema does not have", name);
      }
      if (list == &options.delta_columns && !suits_delta(field->type->kind)) {
        return make_error(
            Errc::invalid_argument,
            "DELTA_BINARY_PACKED for column '{}': allowed are int, long, date, time and timestamps",
            name);
      }
    }
  }
  return {};
}

// Searching for matches in random digits finds short accidental ones, each dearer than the digits.
// A tiny hash table of 5-byte prefixes still finds what does repeat (the length prefixes, the
// common beginning of running numbers); at higher levels the optimal parser weighs each match.
std::shared_ptr<arrow::util::CodecOptions> codec_for_random_text(int level) {
  auto codec = std::make_shared<arrow::util::ZstdCodecOptions>();
  codec->compression_level = level;
  if (level < 5) {
    codec->compression_context_params = {{ZSTD_c_strategy, ZSTD_dfast},
                                         {ZSTD_c_minMatch, 5},
                                         {ZSTD_c_windowLog, 17},
                                         {ZSTD_c_hashLog, 6},
                                         {ZSTD_c_chainLog, 6}};
  } else {
    codec->compression_context_params = {{ZSTD_c_strategy, ZSTD_btopt}, {ZSTD_c_minMatch, 7},
                                         {ZSTD_c_windowLog, 17},        {ZSTD_c_hashLog, 14},
                                         {ZSTD_c_chainLog, 14},         {ZSTD_c_searchLog, 1},
                                         {ZSTD_c_targetLength, 16}};
  }
  return codec;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

parquet::WriterProperties::Builder common(const ParquetOptions& options) {
  parquet::WriterProperties::Builder builder;
  builder.version(parquet::ParquetVersion::PARQUET_2_6)
      ->data_page_version(parquet::ParquetDataPageVersion::V1)
      ->compression(parquet::Compression::ZSTD)
      ->compression_level(options.zstd_level)
      ->max_row_group_length(options.row_group_rows)
      ->enable_store_decimal_as_integer()
      ->enable_page_checksum();
  return builder;
}

}  // namespace

Result<std::shared_ptr<parquet::WriterProperties>> writer_properties(
    const Schema& schema, const arrow::Schema& arrow_schema, const ParquetOptions& options) {
  TL_TRY(check(schema, options));
  auto builder = common(options);
  std::shared_ptr<parquet::SchemaDescriptor> descriptor;
  TL_TRY(checked(parquet::arrow::ToParquetSchema(&arrow_schema, *builder.build(), &descriptor),
                 "making the Parquet schema"));
  for (int i = 0; i < descriptor->num_columns(); ++i) {
    const auto path = descriptor->Column(i)->path();
    const std::string& column = path->ToDotVector().front();
    const bool delta = contains(options.delta_columns, column);
    const bool random = contains(options.random_columns, column);
    if (delta || random || contains(options.plain_columns, column))
      builder.disable_dictionary(path);
    if (delta) builder.encoding(path, parquet::Encoding::DELTA_BINARY_PACKED);
    if (random) builder.codec_options(path, codec_for_random_text(options.zstd_level));
  }
  return builder.build();
}

}  // namespace tradelake::iceberg
