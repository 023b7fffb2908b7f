// Names of files for one process's tests: two runs beside each other do not share any.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include <fmt/format.h>

namespace tradelake::feed {

inline std::string temporary(std::string_view name) {
  return (std::filesystem::temp_directory_path() /
          fmt::format("tradelake-feed-{}-{}", getpid(), name))
      .string();
}

}  // namespace tradelake::feed
