#include "core/secret.h"

#include <fstream>

namespace tradelake {

Result<std::string> read_secret(const Settings::Environment& environment, std::string_view name) {
  const std::string variable(name);
  if (const char* value = environment(variable.c_str()); value != nullptr && *value != '\0') {
    return std::string(value);
  }
  const auto file_variable = variable + "_FILE";
  const char* path = environment(file_variable.c_str());
  if (path == nullptr || *path == '\0') return std::string();

  constexpr std::streamsize longest = 64 << 10;
  std::string text(longest, '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(text.data(), longest);
  if (!file.is_open() || file.bad() || file.gcount() == 0 || file.gcount() == longest) {
    return make_error(Errc::invalid_argument, "{} names {}, which {}", file_variable, path,
                      !file.is_open() || file.bad() ? "cannot be read"
                      : file.gcount() == 0          ? "is empty"
                                                    : "is too long for a secret");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return text;
}

}  // namespace tradelake
