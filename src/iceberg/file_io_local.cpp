// Files on a local disk.
//
// Durability: the bytes go to a temporary name beside the final one, are fsynced, get their name by
// a rename that never replaces, and the folder is fsynced. A power cut leaves either the whole file
// or none of that name; a crash may leave a "….tmp" that orphan removal finds.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include <arrow/io/file.h>

#include "iceberg/file_io.h"

namespace tradelake::iceberg {
namespace {

// Owns a descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

// file:///a/b, file:/a/b (Java's spelling) and /a/b are the same.
Result<std::string> path_of(std::string_view uri) {
  std::string_view path = uri;
  if (path.starts_with("file:")) {
    path.remove_prefix(5);
    if (path.starts_with("//")) path.remove_prefix(2);
  }
  if (!path.starts_with('/')) {
    return make_error(Errc::invalid_argument,
                      "\"{}\" is no local file; allowed is file:///absolute/path", uri);
  }
  return std::string(path);
}

std::unexpected<Error> system_failure(std::string_view doing, std::string_view path, int error) {
  const auto code = error == ENOENT ? Errc::not_found : Errc::io;
  switch (error) {
    case ENOSPC:
      return make_error(code, "cannot {} {}: the disk is full", doing, path);
    case EDQUOT:
      return make_error(code, "cannot {} {}: the disk quota is used up", doing, path);
    case EROFS:
      return make_error(code, "cannot {} {}: the file system is read-only", doing, path);
    case EACCES:
    case EPERM:
      return make_error(code, "cannot {} {}: permission denied", doing, path);
    default:
      return make_error(code, "cannot {} {}: {}", doing, path,
                        std::generic_category().message(error));
  }
}

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

Result<> sync_folder(const std::string& folder) {
  const Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return system_failure("open folder", folder, errno);
  if (::fsync(fd.get()) != 0) return system_failure("fsync folder", folder, errno);
  return {};
}

// mkdir -p, durably: each new folder's entry is fsynced in its parent.
Result<> make_folders(const std::string& folder) {
  if (::mkdir(folder.c_str(), 0777) == 0) return sync_folder(parent_of(folder));
  if (errno == EEXIST) return {};
  if (errno != ENOENT) return system_failure("make folder", folder, errno);
  TL_TRY(make_folders(parent_of(folder)));
  if (::mkdir(folder.c_str(), 0777) != 0 && errno != EEXIST) {
    return system_failure("make folder", folder, errno);
  }
  return sync_folder(parent_of(folder));
}

Result<> write_fully(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const auto written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_failure("write", path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// One file between its temporary and its final name; the temporary one goes if it gets no further.
class PendingFile {
 public:
  static Result<PendingFile> create(std::string path) {
    static std::atomic<std::uint64_t> counter{0};
    auto temporary = fmt::format("{}.{}-{}.tmp", path, ::getpid(), counter.fetch_add(1));
    int fd = open_new(temporary);
    if (fd < 0 && errno == ENOENT) {
      TL_TRY(make_folders(parent_of(path)));
      fd = open_new(temporary);
    }
    if (fd < 0) return system_failure("create", path, errno);
    return PendingFile(fd, std::move(path), std::move(temporary));
  }
  PendingFile(PendingFile&& other) noexcept
      : fd_(std::move(other.fd_)),
        path_(std::move(other.path_)),
        temporary_(std::exchange(other.temporary_, {})) {}
  PendingFile& operator=(PendingFile&&) = delete;
  ~PendingFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
  }

  Result<> write(std::string_view bytes) {
    TL_TRY(write_fully(fd_.get(), bytes, path_));
#ifdef __linux__
    // Starts the disk on this file while the next is written. Only a hint: sync() decides.
    ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
#endif
    return {};
  }

  Result<> sync() {
    if (::fsync(fd_.get()) != 0) return system_failure("fsync", path_, errno);
    return {};
  }

  Result<> publish() {
    if (rename_new() != 0) {
      if (errno == EEXIST) return make_error(Errc::already_exists, "{} exists", path_);
      return system_failure("create", path_, errno);
    }
    temporary_.clear();
    return {};
  }

  const std::string& path() const { return path_; }

 private:
  PendingFile(int fd, std::string path, std::string temporary)
      : fd_(fd), path_(std::move(path)), temporary_(std::move(temporary)) {}

  static int open_new(const std::string& path) {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  }

  int rename_new() {
#ifdef __linux__
    if (::renameat2(AT_FDCWD, temporary_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) == 0) {
      return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) return -1;
#endif
    // A file system without that rename: a link does not replace either.
    if (::link(temporary_.c_str(), path_.c_str()) != 0) return -1;
    return ::unlink(temporary_.c_str());
  }

  Descriptor fd_;
  std::string path_;
  std::string temporary_;
};

class LocalFileIo final : public FileIo {
 public:
  Result<std::string> read(std::string_view uri) override {
    TL_ASSIGN(const auto path, path_of(uri));
    const Descriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (fd.get() < 0) return system_failure("open", path, errno);
    struct stat status{};
    if (::fstat(fd.get(), &status) != 0) return system_failure("read", path, errno);
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
      const auto count = ::read(fd.get(), bytes.data() + have, bytes.size() - have);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return system_failure("read", path, errno);
      if (count == 0) break;
      have += static_cast<std::size_t>(count);
    }
    bytes.resize(have);
    return bytes;
  }

  Result<std::shared_ptr<arrow::io::RandomAccessFile>> open(std::string_view uri) override {
    TL_ASSIGN(const auto path, path_of(uri));
    auto file = arrow::io::ReadableFile::Open(path);
    if (!file.ok()) {
      const auto code = ::access(path.c_str(), F_OK) == 0 ? Errc::io : Errc::not_found;
      return make_error(code, "cannot open {}: {}", path, file.status().message());
    }
    return *std::move(file);
  }

  Result<> write_new(std::string_view uri, std::string_view bytes) override {
    std::vector<PendingFile> pending;
    TL_TRY(stage(uri, bytes, pending));
    return publish(pending);
  }

  Result<> write_all(const std::vector<NewFile>& files) override {
    std::vector<PendingFile> pending;
    pending.reserve(files.size());
    for (const auto& file : files) TL_TRY(stage(file.uri, file.bytes, pending));
    return publish(pending);
  }

  Result<> remove(std::string_view uri) override {
    TL_ASSIGN(const auto path, path_of(uri));
    if (::unlink(path.c_str()) != 0 && errno != ENOENT && errno != ENOTDIR) {
      return system_failure("remove", path, errno);
    }
    return {};
  }

  Result<std::vector<FileStatus>> list(std::string_view prefix) override {
    TL_ASSIGN(const auto root, path_of(prefix));
    std::vector<FileStatus> files;
    std::error_code error;
    auto it = std::filesystem::recursive_directory_iterator(root, error);
    if (error == std::errc::no_such_file_or_directory) return files;
    for (; !error && it != std::filesystem::recursive_directory_iterator(); it.increment(error)) {
      struct stat status{};
      const auto& path = it->path().native();
      // Somebody may remove files while we look.
      if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
      files.push_back({.uri = "file://" + path,
                       .size_bytes = status.st_size,
                       .modified_us = std::int64_t{status.st_mtim.tv_sec} * 1'000'000 +
                                      status.st_mtim.tv_nsec / 1000});
    }
    if (error) return system_failure("list", root, error.value());
    return files;
  }

 private:
  static Result<> stage(std::string_view uri, std::string_view bytes,
                        std::vector<PendingFile>& pending) {
    TL_ASSIGN(auto path, path_of(uri));
    TL_ASSIGN(auto file, PendingFile::create(std::move(path)));
    TL_TRY(file.write(bytes));
    pending.push_back(std::move(file));
    return {};
  }

  // All bytes first, then all names, then the folders: no name ever leads to missing bytes.
  static Result<> publish(std::vector<PendingFile>& pending) {
    for (auto& file : pending) TL_TRY(file.sync());
    std::set<std::string> folders;
    for (auto& file : pending) {
      TL_TRY(file.publish());
      folders.insert(parent_of(file.path()));
    }
    for (const auto& folder : folders) TL_TRY(sync_folder(folder));
    return {};
  }
};

}  // namespace

Result<std::unique_ptr<FileIo>> make_local_file_io() {
  return std::make_unique<LocalFileIo>();
}

}  // namespace tradelake::iceberg
