// Writing manifests; the field ids are those of «Manifest Entry Fields» and «Data File Fields».
#include <set>
#include <utility>

#include "iceberg/avro_container.h"
#include "iceberg/avro_schema_text.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/schema_json.h"

namespace tradelake::iceberg {
namespace {

// The entry's schema is the same for every table but for the partition record.
std::string entry_schema(const PartitionSpec& spec, const std::vector<TypePtr>& types) {
  constexpr auto int_type = R"("int")";
  constexpr auto long_type = R"("long")";
  constexpr auto string_type = R"("string")";
  constexpr auto bytes_type = R"("bytes")";
  std::set<std::string> used_names;
  std::vector<std::string> partition;
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    const auto& field = spec.fields[i];
    partition.push_back(avro_partition_field(field.name, field.field_id, *types[i], used_names));
  }
  const auto data_file = avro_record(
      "r2", {
                avro_required("content", 134, int_type),
                avro_required("file_path", 100, string_type),
                avro_required("file_format", 101, string_type),
                avro_required("partition", 102, avro_record("r102", partition)),
                avro_required("record_count", 103, long_type),
                avro_required("file_size_in_bytes", 104, long_type),
                avro_optional("column_sizes", 108, avro_int_map(117, 118, long_type)),
                avro_optional("value_counts", 109, avro_int_map(119, 120, long_type)),
                avro_optional("null_value_counts", 110, avro_int_map(121, 122, long_type)),
                avro_optional("nan_value_counts", 137, avro_int_map(138, 139, long_type)),
                avro_optional("lower_bounds", 125, avro_int_map(126, 127, bytes_type)),
                avro_optional("upper_bounds", 128, avro_int_map(129, 130, bytes_type)),
                avro_optional("key_metadata", 131, bytes_type),
                avro_optional("split_offsets", 132, avro_list(133, long_type)),
                avro_optional("equality_ids", 135, avro_list(136, int_type)),
                avro_optional("sort_order_id", 140, int_type),
            });
  return avro_record("manifest_entry", {
                                           avro_required("status", 0, int_type),
                                           avro_optional("snapshot_id", 1, long_type),
                                           avro_optional("sequence_number", 3, long_type),
                                           avro_optional("file_sequence_number", 4, long_type),
                                           avro_required("data_file", 2, data_file),
                                       });
}

// False if the value is not of the type's alternative or length.
bool write_partition_value(AvroOutput& out, const Type& type, const Value& value) {
  return std::visit(
      [&](const auto& v) {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>) {
          out.boolean(v);
          return type.kind == TypeKind::boolean;
        } else if constexpr (std::is_same_v<T, std::int32_t>) {
          out.integer(v);
          return type.kind == TypeKind::int32 || type.kind == TypeKind::date;
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          out.integer(v);
          return type.kind == TypeKind::int64 || type.kind == TypeKind::time ||
                 type.kind == TypeKind::timestamp || type.kind == TypeKind::timestamptz;
        } else if constexpr (std::is_same_v<T, float>) {
          out.floating(v);
          return type.kind == TypeKind::float32;
        } else if constexpr (std::is_same_v<T, double>) {
          out.floating(v);
          return type.kind == TypeKind::float64;
        } else if constexpr (std::is_same_v<T, int128_t>) {
          // Fixed width and sign-extended, unlike the same value as a bound.
          const auto least = decimal_bytes(v);
          const auto width = static_cast<std::size_t>(decimal_width(type.precision));
          if (type.kind != TypeKind::decimal || least.size() > width) return false;
          out.raw(std::string(width - least.size(), v < 0 ? '\xFF' : '\0'));
          out.raw(least);
          return true;
        } else {
          const auto length = static_cast<std::int64_t>(v.size());
          if (type.kind == TypeKind::uuid || type.kind == TypeKind::fixed) {
            out.raw(v);
            return length == (type.kind == TypeKind::uuid ? 16 : type.length);
          }
          out.sized(v);
          return type.kind == TypeKind::string || type.kind == TypeKind::binary;
        }
      },
      value);
}

template <class Key, class Mapped, class Write>
void write_map(AvroOutput& out, const std::map<Key, Mapped>& map, Write write) {
  if (map.empty()) return out.null();
  out.present();
  out.begin_items(map.size());
  for (const auto& [key, value] : map) {
    out.integer(key.value);
    write(value);
  }
  out.end_items();
}

Result<> write_data_file(AvroOutput& out, const DataFile& file, const PartitionSpec& spec,
                         const std::vector<TypePtr>& types) {
  const auto number = [&out](std::int64_t value) { out.integer(value); };
  const auto bytes = [&out](const std::string& value) { out.sized(value); };
  out.integer(static_cast<int>(file.content));
  out.sized(file.path);
  out.sized(file.format);
  if (file.spec_id != spec.id || file.partition.size() != types.size()) {
    return make_error(Errc::invalid_argument,
                      "{}: has {} partition values of spec {}; the manifest is of spec {} with {}",
                      file.path, file.partition.size(), file.spec_id.value, spec.id.value,
                      types.size());
  }
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto& value = file.partition[i];
    if (!value) {
      out.null();
      continue;
    }
    out.present();
    if (!write_partition_value(out, *types[i], *value)) {
      return make_error(Errc::invalid_argument, "{}: the value of partition field \"{}\" is no {}",
                        file.path, spec.fields[i].name, to_string(*types[i]));
    }
  }
  out.integer(file.record_count);
  out.integer(file.size_bytes);
  write_map(out, file.column_sizes, number);
  write_map(out, file.value_counts, number);
  write_map(out, file.null_value_counts, number);
  write_map(out, file.nan_value_counts, number);
  write_map(out, file.lower_bounds, bytes);
  write_map(out, file.upper_bounds, bytes);
  if (file.key_metadata.empty()) {
    out.null();
  } else {
    out.present();
    out.sized(file.key_metadata);
  }
  const auto write_list = [&out](const auto& list, auto to_number) {
    if (list.empty()) return out.null();
    out.present();
    out.begin_items(list.size());
    for (const auto& item : list) out.integer(to_number(item));
    out.end_items();
  };
  write_list(file.split_offsets, [](std::int64_t offset) { return offset; });
  write_list(file.equality_ids, [](FieldId id) { return std::int64_t{id.value}; });
  out.optional_integer(file.sort_order_id ? std::optional<std::int64_t>(file.sort_order_id->value)
                                          : std::nullopt);
  return {};
}

Result<> write_entry(AvroOutput& out, const ManifestEntry& entry, const PartitionSpec& spec,
                     const std::vector<TypePtr>& types) {
  const bool added = entry.status == EntryStatus::added;
  if (!added && (!entry.sequence_number || !entry.file_sequence_number)) {
    return make_error(Errc::invalid_argument, "{}: only ADDED entries may lack sequence numbers",
                      entry.file.path);
  }
  const auto number = [](const auto& id) {
    return id ? std::optional<std::int64_t>(id->value) : std::nullopt;
  };
  out.integer(static_cast<int>(entry.status));
  out.optional_integer(number(entry.snapshot_id));
  // Left out of ADDED entries, so that the number is the one of the commit that succeeds.
  out.optional_integer(added ? std::nullopt : number(entry.sequence_number));
  out.optional_integer(added ? std::nullopt : number(entry.file_sequence_number));
  return write_data_file(out, entry.file, spec, types);
}

}  // namespace

std::vector<TypePtr> partition_types(const TableMetadata& metadata, const PartitionSpec& spec) {
  std::vector<TypePtr> types;
  for (const auto& field : spec.fields) {
    const auto* source = metadata.schema().find(field.source_id);
    for (auto it = metadata.schemas.rbegin(); !source && it != metadata.schemas.rend(); ++it) {
      source = it->find(field.source_id);
    }
    types.push_back(source ? result_type(field.transform, source->type) : nullptr);
  }
  return types;
}

Result<std::string> encode_manifest(const TableMetadata& metadata, const PartitionSpec& spec,
                                    ManifestContent content,
                                    const std::vector<ManifestEntry>& entries) {
  const auto types = partition_types(metadata, spec);
  for (std::size_t i = 0; i < types.size(); ++i) {
    if (!types[i] || !types[i]->primitive()) {
      return make_error(Errc::unsupported,
                        "partition spec {}: no schema tells the type of field \"{}\"",
                        spec.id.value, spec.fields[i].name);
    }
  }
  AvroWriter writer(entry_schema(spec, types),
                    {
                        {"schema", to_json(metadata.schema())},
                        {"schema-id", fmt::format("{}", metadata.schema().id.value)},
                        {"partition-spec", partition_fields_to_json(spec)},
                        {"partition-spec-id", fmt::format("{}", spec.id.value)},
                        {"format-version", "2"},
                        {"content", content == ManifestContent::data ? "data" : "deletes"},
                    });
  for (const auto& entry : entries) {
    TL_TRY(write_entry(writer.object(), entry, spec, types));
    writer.end_object();
  }
  return std::move(writer).finish();
}

}  // namespace tradelake::iceberg
