// A configuration file of anybody: an answer, never a crash. Invariant checked: what is taken is
// taken again.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using tradelake::Settings;
  static const int file = memfd_create("settings", 0);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size)) abort();
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  const auto settings = Settings::load({}, "/proc/self/fd/" + std::to_string(file), nothing);
  if (!settings) return 0;
  std::map<std::string, std::string> flags;
  for (const auto& info : tradelake::all_settings()) {
    flags[std::string(info.key)] = settings->text(info.key);
  }
  if (!Settings::load(flags, "", nothing)) abort();
  return 0;
}
