#include "iceberg/table_metadata_json.h"

#include <algorithm>
#include <utility>

#include "iceberg/deflate.h"
#include "iceberg/json_access.h"
#include "iceberg/json_writer.h"
#include "iceberg/schema_json.h"

namespace tradelake::iceberg {
namespace {

constexpr std::size_t kMaxMetadataBytes = std::size_t{1} << 30;

using StringMap = std::map<std::string, std::string>;

// ---- writing ----

void write_strings(JsonWriter& json, const StringMap& map) {
  for (const auto& [key, value] : map) json.member(key, value);
}

void write_sort_order(JsonWriter& json, const SortOrder& order) {
  json.open_object().member("order-id", order.id.value).key("fields").open_array();
  for (const auto& field : order.fields) {
    json.open_object()
        .member("transform", to_string(field.transform))
        .member("source-id", field.source_id.value)
        .member("direction", field.ascending ? "asc" : "desc")
        .member("null-order", field.nulls_first ? "nulls-first" : "nulls-last")
        .close_object();
  }
  json.close_array().close_object();
}

void write_ref(JsonWriter& json, const SnapshotRef& ref) {
  json.open_object()
      .member("snapshot-id", ref.snapshot_id.value)
      .member("type", ref.tag ? "tag" : "branch");
  if (ref.min_snapshots_to_keep) json.member("min-snapshots-to-keep", *ref.min_snapshots_to_keep);
  if (ref.max_snapshot_age_ms) json.member("max-snapshot-age-ms", *ref.max_snapshot_age_ms);
  if (ref.max_ref_age_ms) json.member("max-ref-age-ms", *ref.max_ref_age_ms);
  json.close_object();
}

std::string snapshot_text(const Snapshot& snapshot) {
  JsonWriter json;
  json.open_object().member("sequence-number", snapshot.sequence_number.value);
  json.member("snapshot-id", snapshot.id.value);
  if (snapshot.parent_id) json.member("parent-snapshot-id", snapshot.parent_id->value);
  json.member("timestamp-ms", snapshot.timestamp_ms);
  json.key("summary").open_object().member("operation", snapshot.operation);
  write_strings(json, snapshot.summary);
  json.close_object().member("manifest-list", snapshot.manifest_list);
  if (snapshot.schema_id) json.member("schema-id", snapshot.schema_id->value);
  json.close_object();
  return std::move(json).take();
}

// ---- reading ----

Result<StringMap> strings(const nlohmann::json& object, std::string_view key) {
  StringMap map;
  const auto* value = json::find(object, key);
  if (value == nullptr) return map;
  if (!value->is_object()) return make_error(Errc::corrupt, "\"{}\" is not an object", key);
  for (const auto& [name, text] : value->items()) {
    if (!text.is_string()) {
      return make_error(Errc::corrupt, "\"{}\" of \"{}\" is not a string", name, key);
    }
    map.emplace(name, text.get<std::string>());
  }
  return map;
}

// Every element of an array through `read`, with the array's name in front of an error.
template <class Read>
auto each(const nlohmann::json& object, std::string_view key, Read read)
    -> Result<std::vector<typename decltype(read(object))::value_type>> {
  TL_ASSIGN(const auto* list, json::array(object, key));
  std::vector<typename decltype(read(object))::value_type> items;
  items.reserve(list->size());
  for (const auto& element : *list) {
    auto item = read(element);
    if (!item) return in_context(std::move(item).error(), key);
    items.push_back(*std::move(item));
  }
  return items;
}

Result<SortField> sort_field_from_json(const nlohmann::json& value) {
  SortField field;
  TL_ASSIGN(field.source_id, json::id<FieldId>(value, "source-id"));
  TL_ASSIGN(const auto transform, json::string(value, "transform"));
  TL_ASSIGN(const auto direction, json::string(value, "direction"));
  TL_ASSIGN(const auto null_order, json::string(value, "null-order"));
  field.transform = parse_transform(transform);
  field.ascending = direction == "asc";
  field.nulls_first = null_order == "nulls-first";
  return field;
}

Result<SortOrder> sort_order_from_json(const nlohmann::json& value) {
  SortOrder order;
  TL_ASSIGN(order.id, json::id<SortOrderId>(value, "order-id"));
  TL_ASSIGN(order.fields, each(value, "fields", sort_field_from_json));
  return order;
}

Result<Snapshot> snapshot_from_json(const nlohmann::json& value) {
  Snapshot snapshot;
  TL_ASSIGN(snapshot.id, json::id<SnapshotId>(value, "snapshot-id"));
  if (json::find(value, "parent-snapshot-id") != nullptr) {
    TL_ASSIGN(snapshot.parent_id, json::id<SnapshotId>(value, "parent-snapshot-id"));
  }
  // Snapshots from before an upgrade to v2 have no sequence number.
  TL_ASSIGN(const auto sequence, json::integer_or<std::int64_t>(value, "sequence-number", 0));
  snapshot.sequence_number = SequenceNumber{sequence};
  TL_ASSIGN(snapshot.timestamp_ms, json::integer<std::int64_t>(value, "timestamp-ms"));
  if (json::find(value, "manifest-list") == nullptr) {
    return make_error(Errc::unsupported,
                      "snapshot {} has no manifest list (format version 1's inline manifests)",
                      snapshot.id.value);
  }
  TL_ASSIGN(snapshot.manifest_list, json::string(value, "manifest-list"));
  TL_ASSIGN(snapshot.summary, strings(value, "summary"));
  if (auto node = snapshot.summary.extract("operation")) {
    snapshot.operation = std::move(node.mapped());
  } else {
    snapshot.operation = "overwrite";  // what Java takes a missing one for: the least specific
  }
  if (json::find(value, "schema-id") != nullptr) {
    TL_ASSIGN(snapshot.schema_id, json::id<SchemaId>(value, "schema-id"));
  }
  return snapshot;
}

template <class T>
Result<std::optional<T>> optional_integer(const nlohmann::json& value, std::string_view key) {
  if (json::find(value, key) == nullptr) return std::optional<T>{};
  TL_ASSIGN(const auto number, json::integer<T>(value, key));
  return std::optional<T>{number};
}

Result<SnapshotRef> ref_from_json(const nlohmann::json& value) {
  SnapshotRef ref;
  TL_ASSIGN(ref.snapshot_id, json::id<SnapshotId>(value, "snapshot-id"));
  TL_ASSIGN(const auto type, json::string(value, "type"));
  ref.tag = type == "tag";
  TL_ASSIGN(ref.min_snapshots_to_keep,
            optional_integer<std::int32_t>(value, "min-snapshots-to-keep"));
  TL_ASSIGN(ref.max_snapshot_age_ms, optional_integer<std::int64_t>(value, "max-snapshot-age-ms"));
  TL_ASSIGN(ref.max_ref_age_ms, optional_integer<std::int64_t>(value, "max-ref-age-ms"));
  return ref;
}

Result<SnapshotLogEntry> snapshot_log_from_json(const nlohmann::json& value) {
  SnapshotLogEntry entry;
  TL_ASSIGN(entry.snapshot_id, json::id<SnapshotId>(value, "snapshot-id"));
  TL_ASSIGN(entry.timestamp_ms, json::integer<std::int64_t>(value, "timestamp-ms"));
  return entry;
}

Result<MetadataLogEntry> metadata_log_from_json(const nlohmann::json& value) {
  MetadataLogEntry entry;
  TL_ASSIGN(entry.metadata_file, json::string(value, "metadata-file"));
  TL_ASSIGN(entry.timestamp_ms, json::integer<std::int64_t>(value, "timestamp-ms"));
  return entry;
}

Result<> read_refs(const nlohmann::json& root, TableMetadata& metadata) {
  TL_ASSIGN(const auto current,
            json::integer_or<std::int64_t>(root, "current-snapshot-id", std::int64_t{-1}));
  if (current != -1) metadata.current_snapshot_id = SnapshotId{current};
  if (const auto* refs = json::find(root, "refs")) {
    if (!refs->is_object()) return make_error(Errc::corrupt, "\"refs\" is not an object");
    for (const auto& [name, value] : refs->items()) {
      TL_ASSIGN(const auto ref, ref_from_json(value));
      metadata.refs.emplace(name, ref);
    }
  }
  if (metadata.current_snapshot_id && !metadata.refs.contains("main")) {
    metadata.refs["main"].snapshot_id = *metadata.current_snapshot_id;
  }
  return {};
}

// The invariants that the rest of the code relies on.
Result<> check(const TableMetadata& metadata) {
  if (metadata.find_schema(metadata.current_schema_id) == nullptr) {
    return make_error(Errc::corrupt, "\"current-schema-id\" {} is in no schema",
                      metadata.current_schema_id.value);
  }
  if (metadata.find_spec(metadata.default_spec_id) == nullptr) {
    return make_error(Errc::corrupt, "\"default-spec-id\" {} is in no partition spec",
                      metadata.default_spec_id.value);
  }
  if (std::ranges::find(metadata.sort_orders, metadata.default_sort_order_id, &SortOrder::id) ==
      metadata.sort_orders.end()) {
    return make_error(Errc::corrupt, "\"default-sort-order-id\" {} is in no sort order",
                      metadata.default_sort_order_id.value);
  }
  if (metadata.current_snapshot_id && metadata.current_snapshot() == nullptr) {
    return make_error(Errc::corrupt, "\"current-snapshot-id\" {} is in no snapshot",
                      metadata.current_snapshot_id->value);
  }
  for (const auto& [name, ref] : metadata.refs) {
    if (metadata.find_snapshot(ref.snapshot_id) == nullptr) {
      return make_error(Errc::corrupt, "ref \"{}\" names snapshot {}, which does not exist", name,
                        ref.snapshot_id.value);
    }
  }
  const auto main = metadata.refs.find("main");
  if (main != metadata.refs.end() && main->second.snapshot_id != metadata.current_snapshot_id) {
    return make_error(Errc::corrupt, "ref \"main\" and \"current-snapshot-id\" differ");
  }
  return {};
}

Result<TableMetadata> from_parsed(const nlohmann::json& root) {
  TableMetadata metadata;
  TL_ASSIGN(metadata.format_version, json::integer<std::int32_t>(root, "format-version"));
  if (metadata.format_version != 2) {
    return make_error(Errc::unsupported, "format version {}; this version reads and writes 2",
                      metadata.format_version);
  }
  TL_ASSIGN(metadata.table_uuid, json::string(root, "table-uuid"));
  TL_ASSIGN(metadata.location, json::string(root, "location"));
  while (metadata.location.ends_with('/')) metadata.location.pop_back();
  TL_ASSIGN(metadata.last_sequence_number, json::id<SequenceNumber>(root, "last-sequence-number"));
  TL_ASSIGN(metadata.last_updated_ms, json::integer<std::int64_t>(root, "last-updated-ms"));
  TL_ASSIGN(metadata.last_column_id, json::id<FieldId>(root, "last-column-id"));
  TL_ASSIGN(metadata.schemas, each(root, "schemas", schema_from_json));
  TL_ASSIGN(metadata.current_schema_id, json::id<SchemaId>(root, "current-schema-id"));
  TL_ASSIGN(metadata.specs, each(root, "partition-specs", partition_spec_from_json));
  TL_ASSIGN(metadata.default_spec_id, json::id<SpecId>(root, "default-spec-id"));
  TL_ASSIGN(metadata.last_partition_id, json::id<FieldId>(root, "last-partition-id"));
  TL_ASSIGN(metadata.sort_orders, each(root, "sort-orders", sort_order_from_json));
  TL_ASSIGN(metadata.default_sort_order_id, json::id<SortOrderId>(root, "default-sort-order-id"));
  TL_ASSIGN(metadata.properties, strings(root, "properties"));
  TL_ASSIGN(auto snapshots, each(root, "snapshots", snapshot_from_json));
  metadata.snapshots = SnapshotList(std::move(snapshots));
  TL_ASSIGN(metadata.snapshot_log, each(root, "snapshot-log", snapshot_log_from_json));
  TL_ASSIGN(metadata.metadata_log, each(root, "metadata-log", metadata_log_from_json));
  TL_TRY(read_refs(root, metadata));
  TL_ASSIGN(const auto* statistics, json::array(root, "statistics"));
  metadata.statistics_json = statistics->dump();
  TL_ASSIGN(const auto* partition_statistics, json::array(root, "partition-statistics"));
  metadata.partition_statistics_json = partition_statistics->dump();
  TL_TRY(check(metadata));
  return metadata;
}

}  // namespace

std::string to_json(const TableMetadata& metadata) {
  JsonWriter json;
  json.open_object()
      .member("format-version", metadata.format_version)
      .member("table-uuid", metadata.table_uuid)
      .member("location", metadata.location)
      .member("last-sequence-number", metadata.last_sequence_number.value)
      .member("last-updated-ms", metadata.last_updated_ms)
      .member("last-column-id", metadata.last_column_id.value)
      .member("current-schema-id", metadata.current_schema_id.value);
  json.key("schemas").open_array();
  for (const auto& schema : metadata.schemas) write_json(json, schema);
  json.close_array().member("default-spec-id", metadata.default_spec_id.value);
  json.key("partition-specs").open_array();
  for (const auto& spec : metadata.specs) write_json(json, spec);
  json.close_array().member("last-partition-id", metadata.last_partition_id.value);
  json.member("default-sort-order-id", metadata.default_sort_order_id.value);
  json.key("sort-orders").open_array();
  for (const auto& order : metadata.sort_orders) write_sort_order(json, order);
  json.close_array().key("properties").open_object();
  write_strings(json, metadata.properties);
  json.close_object();
  if (metadata.current_snapshot_id) {
    json.member("current-snapshot-id", metadata.current_snapshot_id->value);
  }
  json.key("refs").open_object();
  for (const auto& [name, ref] : metadata.refs) {
    json.key(name);
    write_ref(json, ref);
  }
  json.close_object().key("snapshots").open_array();
  for (std::size_t n = 0; n < metadata.snapshots.size(); ++n)
    json.raw(metadata.snapshots.text(n, snapshot_text));
  json.close_array();
  json.key("statistics").raw(metadata.statistics_json);
  json.key("partition-statistics").raw(metadata.partition_statistics_json);
  json.key("snapshot-log").open_array();
  for (const auto& entry : metadata.snapshot_log) {
    json.open_object()
        .member("timestamp-ms", entry.timestamp_ms)
        .member("snapshot-id", entry.snapshot_id.value)
        .close_object();
  }
  json.close_array().key("metadata-log").open_array();
  for (const auto& entry : metadata.metadata_log) {
    json.open_object()
        .member("timestamp-ms", entry.timestamp_ms)
        .member("metadata-file", entry.metadata_file)
        .close_object();
  }
  json.close_array().close_object();
  return std::move(json).take();
}

Result<TableMetadata> table_metadata_from_json(std::string_view bytes) {
  std::string unpacked;
  if (bytes.starts_with("\x1f\x8b")) {
    TL_ASSIGN(unpacked, inflate(bytes, DeflateFormat::gzip, kMaxMetadataBytes));
    bytes = unpacked;
  }
  const auto root = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return make_error(Errc::corrupt, "table metadata is not a JSON object");
  auto metadata = from_parsed(root);
  if (!metadata) return in_context(std::move(metadata).error(), "table metadata");
  return metadata;
}

}  // namespace tradelake::iceberg
