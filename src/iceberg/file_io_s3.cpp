// Files in S3, or in a server that speaks its protocol.
//
// Durability: a PUT that was answered is kept by the server. A small file is one request; a large
// one goes in parts and appears when they are completed, or its parts are given up. Arrow has no
// conditional PUT (its issue 44281), so write_new() looks first: two writers of one name at the
// same moment could both succeed. No two do, every name carries a uuid made for it. A file that is
// there with the same bytes is ours from an earlier attempt whose answer was lost.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>

#include "iceberg/arrow_error.h"
#include "iceberg/file_io.h"
#include "iceberg/recent_files.h"
#include "iceberg/s3_connection.h"
#include "iceberg/s3_error.h"
#include "iceberg/s3_input_file.h"

namespace tradelake::iceberg {
namespace {

constexpr std::size_t part_bytes = std::size_t{16} << 20;
constexpr std::size_t recent_bytes = std::size_t{8} << 20;
constexpr std::size_t most_at_once = 8;  // requests of one write_all() or remove_all()

// bucket/key, as Arrow wants it. Spark also writes s3a.
Result<std::string> path_of(std::string_view uri) {
  for (const std::string_view scheme : {"s3://", "s3a://"}) {
    if (uri.starts_with(scheme) && uri.size() > scheme.size())
      return std::string(uri.substr(scheme.size()));
  }
  return make_error(Errc::invalid_argument, "\"{}\" is not in S3; allowed is s3://bucket/key", uri);
}

class S3FileIo final : public FileIo {
 public:
  S3FileIo(std::shared_ptr<arrow::fs::FileSystem> files, std::string server)
      : files_(std::move(files)), server_(std::move(server)) {}

  Result<std::string> read(std::string_view uri) override {
    if (auto known = recent_.find(uri)) return *std::move(known);
    TL_ASSIGN(const auto file, open(uri));
    std::string bytes(static_cast<std::size_t>(file->GetSize().ValueOr(0)), '\0');
    const auto got = file->ReadAt(0, static_cast<std::int64_t>(bytes.size()), bytes.data());
    if (!got.ok())
      return std::unexpected(Error{to_error(got.status(), "").code, got.status().message()});
    return bytes;
  }

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override {
    TL_ASSIGN(auto path, path_of(uri));
    return open(uri, arrow::fs::FileInfo(std::move(path)));
  }

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open_sized(
      std::string_view uri, std::int64_t size_bytes) override {
    TL_ASSIGN(auto path, path_of(uri));
    arrow::fs::FileInfo info(std::move(path));
    info.set_size(size_bytes);
    return open(uri, info);
  }

  Result<> write_new(std::string_view uri, std::string_view bytes) override {
    TL_ASSIGN(const auto path, path_of(uri));
    const auto there = open(uri);
    if (there) return same_bytes(uri, bytes);
    if (there.error().code != Errc::not_found) return std::unexpected(there.error());
    const auto put = put_object(path, bytes);
    if (put.ok()) {
      recent_.add(uri, bytes);
      return {};
    }
    // Parts completed, the answer lost, and asked again: the upload is gone, the file is there.
    if (put.message().contains("NO_SUCH_UPLOAD") && open(uri)) return same_bytes(uri, bytes);
    return std::unexpected(to_s3_error(put, fmt::format("cannot write {}", uri), server_));
  }

  Result<> write_all(const std::vector<NewFile>& files) override {
    return at_once(files.size(),
                   [&](std::size_t n) { return write_new(files[n].uri, files[n].bytes); });
  }

  Result<> remove(std::string_view uri) override {
    TL_ASSIGN(const auto path, path_of(uri));
    recent_.forget(uri);
    const auto done = files_->DeleteFile(path);
    if (done.ok()) return {};
    auto error = to_s3_error(done, fmt::format("cannot remove {}", uri), server_);
    if (error.code == Errc::not_found) return {};
    return std::unexpected(std::move(error));
  }

  Result<> remove_all(const std::vector<std::string>& uris) override {
    return at_once(uris.size(), [&](std::size_t n) { return remove(uris[n]); });
  }

  Result<std::vector<FileStatus>> list(std::string_view prefix) override {
    return list(prefix, true);
  }

  // One request that any server answers with a reason, unlike HEAD: bucket, keys, address.
  Result<> check(std::string_view warehouse_uri) {
    TL_TRY(list(warehouse_uri, false));
    return {};
  }

 private:
  // Asks for the size unless `info` has it.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri,
                                                            const arrow::fs::FileInfo& info) {
    auto doing = fmt::format("cannot read {}", uri);
    auto file = files_->OpenInputFile(info);
    if (!file.ok()) return std::unexpected(to_s3_error(file.status(), doing, server_));
    auto look = [files = files_, path = info.path()] {
      return files->OpenInputFile(path).status();
    };
    return whole_ranges(*std::move(file), std::move(look), std::move(doing), server_);
  }

  Result<std::vector<FileStatus>> list(std::string_view prefix, bool recursive) {
    TL_ASSIGN(auto path, path_of(prefix));
    while (path.ends_with('/')) path.pop_back();
    arrow::fs::FileSelector folder;
    folder.base_dir = path;
    folder.recursive = recursive;
    std::vector<FileStatus> files;
    const auto found = files_->GetFileInfo(folder);
    if (!found.ok()) {
      auto error = to_s3_error(found.status(), fmt::format("cannot list {}", prefix), server_);
      if (error.code == Errc::not_found) return files;
      return std::unexpected(std::move(error));
    }
    for (const auto& info : *found) {
      if (!info.IsFile()) continue;
      const auto modified = std::chrono::time_point_cast<std::chrono::microseconds>(info.mtime());
      files.push_back({.uri = "s3://" + info.path(),
                       .size_bytes = info.size(),
                       .modified_us = modified.time_since_epoch().count()});
    }
    return files;
  }

  Result<> same_bytes(std::string_view uri, std::string_view bytes) {
    TL_ASSIGN(const auto stored, read(uri));
    if (stored == bytes) return {};
    return make_error(Errc::already_exists, "{} exists", uri);
  }

  arrow::Status put_object(const std::string& path, std::string_view bytes) {
    ARROW_ASSIGN_OR_RAISE(const auto stream, files_->OpenOutputStream(path, nullptr));
    auto done = arrow::Status::OK();
    for (std::size_t at = 0; done.ok() && at < bytes.size(); at += part_bytes) {
      const auto part = bytes.substr(at, part_bytes);
      done = stream->Write(part.data(), static_cast<std::int64_t>(part.size()));
    }
    if (done.ok()) done = stream->Close();
    if (!done.ok()) (void)stream->Abort();  // parts that nobody completes are paid for
    return done;
  }

  // Runs task(0 … count-1), several at once; all have ended when it returns. The first error.
  template <class Task>
  static Result<> at_once(std::size_t count, const Task& task) {
    std::vector<Result<>> results(count);
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t n = next++; n < count; n = next++) results[n] = task(n);
    };
    {
      std::vector<std::jthread> helpers;
      for (std::size_t n = 1; n < std::min(count, most_at_once); ++n) helpers.emplace_back(work);
      work();
    }
    for (auto& result : results) TL_TRY(std::move(result));
    return {};
  }

  std::shared_ptr<arrow::fs::FileSystem> files_;
  std::string server_;
  RecentFiles recent_{recent_bytes};
};

}  // namespace

Result<std::unique_ptr<FileIo>> make_s3_file_io(const S3Access& access,
                                                std::string_view warehouse_uri) {
  TL_ASSIGN(auto files, connect_s3(access));
  auto io = std::make_unique<S3FileIo>(std::move(files), access.shown());
  TL_TRY(io->check(warehouse_uri));
  return io;
}

}  // namespace tradelake::iceberg
