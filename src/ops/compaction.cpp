#include "ops/compaction.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <arrow/table.h>
#include <fmt/format.h>

#include "bronze/commit_summary.h"
#include "iceberg/content_hash.h"
#include "iceberg/delete_index.h"
#include "iceberg/manifest_list_avro.h"
#include "iceberg/new_data_file.h"
#include "iceberg/parquet_writer.h"
#include "iceberg/promoted_fields.h"
#include "iceberg/random_id.h"
#include "iceberg/scan.h"
#include "iceberg/sorted_merge.h"
#include "iceberg/transaction.h"
#include "ops/file_encoding.h"

namespace tradelake::ops {
namespace {

using namespace iceberg;

// The job's files with what is deleted from them in the table's head.
Result<std::vector<ScanFile>> with_deletes(const TableMetadata& metadata, FileIo& io,
                                           const CompactionJob& job) {
  DeleteIndex deletes;
  if (const auto* head = metadata.current_snapshot()) {
    TL_ASSIGN(const auto manifests, read_manifest_list(io, *head));
    for (const auto& manifest : manifests) {
      if (manifest.content == ManifestContent::deletes) TL_TRY(deletes.add(metadata, io, manifest));
    }
  }
  std::vector<ScanFile> files;
  for (const auto& entry : job.inputs) {
    files.push_back(
        {entry.file, *entry.sequence_number, deletes.of(entry.file, *entry.sequence_number)});
  }
  return files;
}

class Compaction {
 public:
  Compaction(FileIo& io, const Table& table, const CompactionJob& job,
             const CompactionOptions& options)
      : io_(io),
        table_(table),
        metadata_(*table.metadata),
        job_(job),
        options_(options),
        order_(mergeable_order()) {
    const std::int64_t row_bytes =
        std::max<std::int64_t>(1, job.bytes() * unpacked / std::max<std::int64_t>(1, job.rows()));
    batch_rows_ = std::clamp<std::int64_t>(batch_bytes / row_bytes, 1, 8192);
  }

  // Merges and proves. After an error what was written is in written().
  Result<> run() {
    ContentHash before;
    std::vector<RowSource> sources;
    TL_ASSIGN(const auto inputs, with_deletes(metadata_, io_, job_));
    for (const auto& file : inputs) sources.push_back(counted(file, before));
    TL_TRY(merge_sorted(metadata_.schema(), order_, std::move(sources), batch_rows_,
                        [&](std::shared_ptr<arrow::Table> rows) { return add(*rows); }));
    TL_TRY(finish_file());
    ContentHash after;
    for (const auto& file : written_) TL_TRY(read_all(counted({file, {}, {}}, after)));
    const bool deleting =
        std::ranges::any_of(inputs, [](const ScanFile& file) { return !file.deletes.empty(); });
    const bool all = deleting ? before.rows <= job_.rows() : before.rows == job_.rows();
    if (before == after && all) return {};
    return make_error(Errc::corrupt,
                      "{}: merging {} files of {} rows read {} (hash {:016x}) and gave {} (hash "
                      "{:016x}); nothing was committed",
                      to_string(table_.ident), job_.inputs.size(), job_.rows(), before.rows,
                      before.sum, after.rows, after.sum);
  }

  const std::vector<DataFile>& written() const { return written_; }

 private:
  static constexpr std::int64_t unpacked = 10;  // as Parquet's bytes become rows in memory
  static constexpr std::int64_t batch_bytes = 2 << 20, row_group_rows = 250'000;

  // Files that are not known to be sorted come one after the other.
  SortOrder mergeable_order() const {
    const bool sorted = std::ranges::all_of(job_.inputs, [&](const ManifestEntry& entry) {
      return entry.file.sort_order_id == metadata_.default_sort_order_id;
    });
    const auto& order = metadata_.sort_order();
    return sorted && can_merge_by(metadata_.schema(), order) ? order : SortOrder{};
  }

  RowSource counted(const ScanFile& file, ContentHash& hash) {
    return [this, &hash,
            source = stream_data_file(table_.metadata, io_, file,
                                      batch_rows_)]() -> Result<std::shared_ptr<arrow::Table>> {
      TL_TRY(options_.breathe());
      TL_ASSIGN(auto rows, source());
      if (rows == nullptr) return nullptr;
      TL_ASSIGN(rows, fill_promoted(metadata_, std::move(rows)));
      TL_TRY(add_rows(*rows, hash));
      return rows;
    };
  }

  static Result<> read_all(const RowSource& source) {
    while (true) {
      TL_ASSIGN(const auto rows, source());
      if (rows == nullptr) return {};
    }
  }

  Result<> add(const arrow::Table& rows) {
    if (!writer_) {
      const auto name = job_.closing ? closed_file_name(random_uuid()) : random_uuid() + ".parquet";
      writer_.emplace(
          DataFileTarget{
              data_file_uri(metadata_, *metadata_.find_spec(job_.spec_id), job_.values, name),
              job_.spec_id, job_.values,
              order_.fields.empty() ? std::nullopt : std::optional(order_.id)},
          metadata_.schema(), encoding(),
          std::min(job_.bytes(), options_.target_bytes) / 8 * 9 + (1 << 20));
    }
    TL_TRY(writer_->add(rows));
    TL_TRY(options_.breathe());
    return writer_->encoded_bytes() >= options_.target_bytes ? finish_file() : Result<>();
  }

  ParquetOptions encoding() const {
    auto options =
        file_encoding(table_.ident, metadata_,
                      job_.closing ? options_.closing_zstd_level : options_.commit_zstd_level);
    options.row_group_rows = row_group_rows;
    return options;
  }

  Result<> finish_file() {
    if (!writer_) return {};
    TL_ASSIGN(auto file, writer_->finish(io_));
    written_.push_back(std::move(file));
    writer_.reset();
    return {};
  }

  FileIo& io_;
  const Table& table_;
  const TableMetadata& metadata_;
  const CompactionJob& job_;
  const CompactionOptions& options_;
  const SortOrder order_;
  std::int64_t batch_rows_ = 0;
  std::optional<DataFileWriter> writer_;
  std::vector<DataFile> written_;
};

void remove(FileIo& io, const std::vector<DataFile>& files) {
  std::vector<std::string> paths;
  for (const auto& file : files) paths.push_back(file.path);
  (void)io.remove_all(paths);  // what stays is an orphan
}

}  // namespace

Result<Compacted> compact(Catalog& catalog, FileIo& io, Table& table, const CompactionJob& job,
                          const CompactionOptions& options) {
  const auto base = table;
  Transaction transaction(catalog, io);  // its time is that of the files
  Compaction compaction(io, base, job, options);
  if (auto done = compaction.run(); !done) {
    remove(io, compaction.written());
    return in_context(std::move(done).error(), "merging files of " + to_string(table.ident));
  }
  Compacted result;
  result.files_in = static_cast<std::int64_t>(job.inputs.size());
  result.files_out = static_cast<std::int64_t>(compaction.written().size());
  result.bytes_in = job.bytes();
  std::vector<std::string> replaced;
  for (const auto& entry : job.inputs) replaced.push_back(entry.file.path);
  for (const auto& file : compaction.written()) {
    result.rows += file.record_count;
    result.bytes_out += file.size_bytes;
  }

  transaction.add(table, replace_files(std::move(replaced), compaction.written(),
                                       base.metadata->last_sequence_number,
                                       bronze::maintenance_note(*base.metadata, "compaction")));
  auto committed = transaction.commit(patient_attempts);
  if (!committed) {
    if (committed.error().code != Errc::unknown_outcome) remove(io, compaction.written());
    return std::unexpected(std::move(committed).error());
  }
  return result;
}

}  // namespace tradelake::ops
