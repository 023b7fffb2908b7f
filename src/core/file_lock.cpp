#include "core/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace tradelake {

Result<FileLock> FileLock::acquire(const std::string& path) {
  FileLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (lock.file_ < 0) return make_error(Errc::io, "cannot open {}: {}", path, std::strerror(errno));
  if (::flock(lock.file_, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK)
      return make_error(Errc::io, "cannot lock {}: {}", path, std::strerror(errno));
    char pid[32] = {};
    const auto got = ::pread(lock.file_, pid, sizeof pid - 1, 0);
    return make_error(Errc::fenced, "{} is held by another process{}{}", path,
                      got > 0 ? ", pid " : "", pid);
  }
  // Only to name it in the message above; a failure to write it changes nothing about the lock.
  const auto pid = fmt::to_string(::getpid());
  if (::ftruncate(lock.file_, 0) != 0 || ::pwrite(lock.file_, pid.data(), pid.size(), 0) < 0)
    errno = 0;
  return lock;
}

FileLock::FileLock(FileLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}
FileLock::~FileLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace tradelake
