// A warehouse in memory; counts how often a file is opened.
//
// Threads: any; `files` only while nobody else is at it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include <arrow/buffer.h>
#include <arrow/io/memory.h>

#include "iceberg/file_io.h"

namespace tradelake::iceberg {

class MemoryIo : public FileIo {
 public:
  Result<std::string> read(std::string_view uri) override {
    const std::lock_guard lock(*mutex_);
    const auto it = files.find(std::string(uri));
    if (it == files.end()) return make_error(Errc::not_found, "no file {}", uri);
    return it->second;
  }
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override {
    const std::lock_guard lock(*mutex_);
    const auto it = files.find(std::string(uri));
    if (it == files.end()) return make_error(Errc::not_found, "no file {}", uri);
    ++opened;
    return std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(it->second));
  }
  Result<> write_new(std::string_view uri, std::string_view bytes) override {
    const std::lock_guard lock(*mutex_);
    if (!files.emplace(uri, bytes).second)
      return make_error(Errc::already_exists, "{} exists", uri);
    return {};
  }
  Result<> remove(std::string_view uri) override {
    const std::lock_guard lock(*mutex_);
    files.erase(std::string(uri));
    return {};
  }
  Result<std::vector<FileStatus>> list(std::string_view) override {
    return std::vector<FileStatus>{};
  }

  std::map<std::string, std::string> files;
  int opened = 0;

 private:
  std::unique_ptr<std::mutex> mutex_ = std::make_unique<std::mutex>();  // so that it can be moved
};

}  // namespace tradelake::iceberg
