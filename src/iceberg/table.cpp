#include "iceberg/table.h"

#include <utility>

#include "core/time.h"
#include "iceberg/declared_table.h"
#include "iceberg/table_metadata_json.h"
#include "iceberg/table_paths.h"

namespace tradelake::iceberg {

Result<Table> load_table_at(FileIo& io, const TableIdent& ident, std::string location) {
  auto bytes = io.read(location);
  if (!bytes) {
    // "not found" would say that the table does not exist, and invite to make it anew.
    auto error = std::move(bytes).error();
    if (error.code == Errc::not_found) error.code = Errc::corrupt;
    return in_context(std::move(error), "table " + to_string(ident));
  }
  auto metadata = table_metadata_from_json(*bytes);
  if (!metadata) {
    return in_context(std::move(metadata).error(),
                      fmt::format("table {} at {}", to_string(ident), location));
  }
  return Table{ident, std::move(location),
               std::make_shared<const TableMetadata>(*std::move(metadata))};
}

Result<Table> load_table(Catalog& catalog, FileIo& io, const TableIdent& ident) {
  TL_ASSIGN(auto location, catalog.metadata_location(ident));
  while (true) {
    auto table = load_table_at(io, ident, location);
    if (table || table.error().code != Errc::corrupt) return table;
    // Whoever stands still between the two looks may find that others have committed so often that
    // the file was dropped.
    TL_ASSIGN(auto moved_to, catalog.metadata_location(ident));
    if (moved_to == location) return table;
    location = std::move(moved_to);
  }
}

Result<Table> ensure_table(Catalog& catalog, FileIo& io, const std::string& warehouse_uri,
                           const TableDefinition& definition) {
  const auto& ident = definition.ident;
  auto location = catalog.metadata_location(ident);
  if (location) {
    TL_ASSIGN(auto table, load_table_at(io, ident, *std::move(location)));
    TL_TRY(bring_up_to_date(catalog, io, definition, table));
    return table;
  }
  if (location.error().code != Errc::not_found) return std::unexpected(std::move(location).error());

  auto warehouse = warehouse_uri;
  while (warehouse.ends_with('/')) warehouse.pop_back();
  auto metadata = new_table_metadata(
      fmt::format("{}/{}/{}", warehouse, ident.name_space, ident.name), definition.schema,
      definition.spec, definition.sort_order, definition.properties, now_ms());
  auto first = next_metadata_location(metadata, "");
  TL_TRY(io.write_new(first, to_json(metadata)));
  if (auto created = catalog.create_table(ident, first); !created) {
    // Somebody was faster: theirs is the table, our file stays for orphan removal.
    if (created.error().code == Errc::already_exists) return load_table(catalog, io, ident);
    return std::unexpected(std::move(created).error());
  }
  return Table{ident, std::move(first), std::make_shared<const TableMetadata>(std::move(metadata))};
}

}  // namespace tradelake::iceberg
