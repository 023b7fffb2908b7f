#include "iceberg/catalog.h"

#include <fmt/format.h>

namespace tradelake::iceberg {

std::string to_string(const TableIdent& ident) {
  return fmt::format("{}.{}", ident.name_space, ident.name);
}

}  // namespace tradelake::iceberg
