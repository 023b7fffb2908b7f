// A lock on a file that the operating system frees when its process dies, however it dies.
//
// Threads: one owner.
#pragma once

#include <string>

#include "core/error.h"

namespace tradelake {

class FileLock {
 public:
  // Errors: fenced (another process holds it; its pid is named), io.
  static Result<FileLock> acquire(const std::string& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&& other) noexcept;
  ~FileLock();

 private:
  explicit FileLock(int file) : file_(file) {}
  int file_;
};

}  // namespace tradelake
