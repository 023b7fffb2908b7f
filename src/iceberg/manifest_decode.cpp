// Reading manifests of any writer, by field id.
#include <algorithm>
#include <limits>
#include <utility>

#include "iceberg/avro_container.h"
#include "iceberg/manifest_avro.h"

namespace tradelake::iceberg {
namespace {

struct PartitionReading {
  const PartitionSpec& spec;
  std::vector<TypePtr> types;
};

std::optional<Value> read_integer_value(AvroInput& in, const AvroSchema& actual, const Type* type) {
  const auto number = in.zigzag();
  const bool narrow = type ? type->kind == TypeKind::int32 || type->kind == TypeKind::date
                           : actual.kind == AvroKind::int32;
  if (!narrow) return Value{number};
  if (!std::in_range<std::int32_t>(number)) in.fail("a partition value leaves the int range");
  return Value{static_cast<std::int32_t>(number)};
}

std::optional<Value> read_bytes_value(AvroInput& in, std::string_view bytes, const Type* type) {
  if (type && type->kind == TypeKind::decimal) {
    const auto unscaled = decimal_from_bytes(bytes);
    if (!unscaled) {
      in.fail(unscaled.error().message);
      return std::nullopt;
    }
    return Value{*unscaled};
  }
  if (type && type->kind == TypeKind::uuid && bytes.size() != 16) {
    in.fail("a uuid of a partition has not 16 bytes");
  }
  return Value{std::string(bytes)};
}

// Whether values of the alternative that came out belong to the type.
bool fits(const Type& type, const Value& value) {
  switch (type.kind) {
    case TypeKind::boolean:
      return std::holds_alternative<bool>(value);
    case TypeKind::int32:
    case TypeKind::date:
      return std::holds_alternative<std::int32_t>(value);
    case TypeKind::int64:
    case TypeKind::time:
    case TypeKind::timestamp:
    case TypeKind::timestamptz:
      return std::holds_alternative<std::int64_t>(value);
    case TypeKind::float32:
      return std::holds_alternative<float>(value);
    case TypeKind::float64:
      return std::holds_alternative<double>(value);
    case TypeKind::decimal:
      return std::holds_alternative<int128_t>(value);
    default:
      return std::holds_alternative<std::string>(value);
  }
}

std::optional<Value> read_partition_value(AvroInput& in, const AvroSchema& schema,
                                          const Type* type) {
  const auto* actual = in.resolve(schema);
  std::optional<Value> value;
  switch (actual->kind) {
    case AvroKind::null:
      return std::nullopt;
    case AvroKind::boolean:
      value.emplace(in.boolean());
      break;
    case AvroKind::int32:
    case AvroKind::int64:
      value = read_integer_value(in, *actual, type);
      break;
    case AvroKind::float32: {
      const auto number = in.float32();
      value.emplace(number);
      if (type && type->kind == TypeKind::float64) value.emplace(double{number});
      break;
    }
    case AvroKind::float64:
      value.emplace(in.float64());
      break;
    case AvroKind::bytes:
    case AvroKind::string:
      value = read_bytes_value(in, in.sized(), type);
      break;
    case AvroKind::fixed:
      value = read_bytes_value(in, in.raw(actual->size), type);
      break;
    default:
      in.fail("a partition value is no primitive");
      return std::nullopt;
  }
  if (type && value && !fits(*type, *value)) in.fail("a partition value is not of its type");
  return value;
}

void read_partition(AvroInput& in, const AvroSchema& schema, const PartitionReading& reading,
                    PartitionTuple& tuple) {
  const auto* record = in.resolve(schema);
  if (record->kind != AvroKind::record) return in.fail("the partition is no record");
  tuple.assign(reading.spec.fields.size(), std::nullopt);
  for (const auto& field : record->fields) {
    // By id: a file may hold the fields in another order, or lack one that was dropped.
    const auto& fields = reading.spec.fields;
    const auto at = std::ranges::find_if(
        fields, [&](const PartitionField& f) { return field.id == f.field_id.value; });
    if (at == fields.end()) {
      in.skip(*field.type);
    } else {
      const auto index = static_cast<std::size_t>(at - fields.begin());
      tuple[index] = read_partition_value(in, *field.type, reading.types[index].get());
    }
  }
}

// An array of key-value records; `read` takes the value.
template <class Mapped, class Read>
void read_map(AvroInput& in, const AvroSchema& schema, std::map<FieldId, Mapped>& map, Read read) {
  const auto* actual = in.resolve(schema);
  if (actual->kind == AvroKind::null) return;
  const auto* pair = actual->kind == AvroKind::array ? actual->items.get() : nullptr;
  if (!pair || pair->kind != AvroKind::record || pair->fields.size() != 2) {
    return in.fail("a map is not stored as an array of pairs");
  }
  for (auto count = in.block(); count > 0; count = in.block()) {
    for (; count > 0 && in.ok(); --count) {
      const auto key = in.integer(*pair->fields[0].type);
      if (!key || !std::in_range<std::int32_t>(*key)) return in.fail("a map's key is no field id");
      // Columns come in ascending order as a rule.
      map.emplace_hint(map.end(), FieldId{static_cast<std::int32_t>(*key)},
                       read(*pair->fields[1].type));
    }
  }
}

template <class T, class Make>
void read_list(AvroInput& in, const AvroSchema& schema, std::vector<T>& list, Make make) {
  const auto* actual = in.resolve(schema);
  if (actual->kind == AvroKind::null) return;
  if (actual->kind != AvroKind::array) return in.fail("a list is no array");
  for (auto count = in.block(); count > 0; count = in.block()) {
    for (; count > 0 && in.ok(); --count) {
      if (const auto number = in.integer(*actual->items)) list.push_back(make(*number));
    }
  }
}

void read_data_file(AvroInput& in, const AvroSchema& schema, const PartitionReading& reading,
                    DataFile& file) {
  const auto* record = in.resolve(schema);
  if (record->kind != AvroKind::record) return in.fail("data_file is no record");
  const auto number = [&in](const AvroSchema& type) { return in.integer(type).value_or(0); };
  const auto bytes = [&in](const AvroSchema& type) {
    return std::string(in.text(type).value_or(std::string_view{}));
  };
  file.record_count = -1;
  file.size_bytes = -1;
  for (const auto& field : record->fields) {
    const auto& type = *field.type;
    switch (field.id.value_or(-1)) {
      case 134: {
        const auto content = number(type);
        if (content < 0 || content > 2) return in.fail("content is not 0, 1 or 2");
        file.content = static_cast<FileContent>(content);
        break;
      }
      case 100:
        file.path = bytes(type);
        break;
      case 101:
        file.format = bytes(type);
        std::ranges::transform(file.format, file.format.begin(), [](char c) {
          return static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        });
        break;
      case 102:
        read_partition(in, type, reading, file.partition);
        break;
      case 103:
        file.record_count = number(type);
        break;
      case 104:
        file.size_bytes = number(type);
        break;
      case 108:
        read_map(in, type, file.column_sizes, number);
        break;
      case 109:
        read_map(in, type, file.value_counts, number);
        break;
      case 110:
        read_map(in, type, file.null_value_counts, number);
        break;
      case 137:
        read_map(in, type, file.nan_value_counts, number);
        break;
      case 125:
        read_map(in, type, file.lower_bounds, bytes);
        break;
      case 128:
        read_map(in, type, file.upper_bounds, bytes);
        break;
      case 131:
        file.key_metadata = bytes(type);
        break;
      case 132:
        read_list(in, type, file.split_offsets, [](std::int64_t offset) { return offset; });
        break;
      case 135:
        read_list(in, type, file.equality_ids,
                  [](std::int64_t id) { return FieldId{static_cast<std::int32_t>(id)}; });
        break;
      case 140:
        if (const auto id = in.integer(type)) {
          file.sort_order_id = SortOrderId{static_cast<std::int32_t>(*id)};
        }
        break;
      default:
        in.skip(type);
    }
    if (!in.ok()) return;
  }
  if (file.path.empty()) return in.fail("an entry without a file_path (field id 100)");
  if (file.record_count < 0 || file.size_bytes < 0) {
    in.fail("an entry without record_count or file_size_in_bytes (field ids 103, 104)");
  }
}

void read_entry(AvroInput& in, const AvroSchema& schema, const PartitionReading& reading,
                ManifestEntry& entry) {
  bool has_file = false;
  for (const auto& field : schema.fields) {
    switch (field.id.value_or(-1)) {
      case 0: {
        const auto status = in.integer(*field.type).value_or(-1);
        if (status < 0 || status > 2) return in.fail("status is not 0, 1 or 2");
        entry.status = static_cast<EntryStatus>(status);
        break;
      }
      case 1:
        if (const auto id = in.integer(*field.type)) entry.snapshot_id = SnapshotId{*id};
        break;
      case 3:
        if (const auto number = in.integer(*field.type)) {
          entry.sequence_number = SequenceNumber{*number};
        }
        break;
      case 4:
        if (const auto number = in.integer(*field.type)) {
          entry.file_sequence_number = SequenceNumber{*number};
        }
        break;
      case 2:
        has_file = true;
        read_data_file(in, *field.type, reading, entry.file);
        break;
      default:
        in.skip(*field.type);
    }
    if (!in.ok()) return;
  }
  if (!has_file) in.fail("an entry without data_file (field id 2)");
}

// «Sequence Number Inheritance». Manifests of format version 1 have the number 0.
bool inherit(ManifestEntry& entry, const ManifestFile& listed, bool v1) {
  if (!entry.snapshot_id) entry.snapshot_id = listed.added_snapshot_id;
  const bool inherits =
      entry.status == EntryStatus::added || listed.sequence_number == SequenceNumber{0};
  const auto number = v1 ? SequenceNumber{0} : listed.sequence_number;
  if (v1 || inherits) {
    if (!entry.sequence_number) entry.sequence_number = number;
    if (!entry.file_sequence_number) entry.file_sequence_number = number;
  }
  // Old writers left the file's number out of EXISTING entries; nothing can be computed from it.
  if (!entry.file_sequence_number) entry.file_sequence_number = entry.sequence_number;
  return entry.sequence_number.has_value();
}

}  // namespace

Result<std::vector<ManifestEntry>> decode_manifest(std::string_view bytes,
                                                   const TableMetadata& metadata,
                                                   const ManifestFile& listed) {
  const auto* spec = metadata.find_spec(listed.spec_id);
  if (spec == nullptr) {
    return make_error(Errc::corrupt, "is of partition spec {}, which the table does not have",
                      listed.spec_id.value);
  }
  TL_ASSIGN(auto reader, AvroReader::open(bytes));
  if (reader.schema().kind != AvroKind::record) {
    return make_error(Errc::corrupt, "its Avro schema is no record");
  }
  const auto version = reader.metadata().find("format-version");
  const bool v1 = version == reader.metadata().end() || version->second == "1";
  const PartitionReading reading{*spec, partition_types(metadata, *spec)};
  std::vector<ManifestEntry> entries;
  TL_TRY(reader.for_each([&](AvroInput& in) -> Result<> {
    ManifestEntry entry;
    entry.file.spec_id = spec->id;
    read_entry(in, reader.schema(), reading, entry);
    if (in.ok() && !inherit(entry, listed, v1)) {
      in.fail("an entry that is not ADDED without a sequence number");
    }
    entries.push_back(std::move(entry));
    return {};
  }));
  return entries;
}

Result<std::vector<ManifestEntry>> read_manifest(const TableMetadata& metadata, FileIo& io,
                                                 const ManifestFile& listed) {
  TL_ASSIGN(const auto bytes, io.read(listed.path));
  auto entries = decode_manifest(bytes, metadata, listed);
  if (!entries) return in_context(std::move(entries).error(), "manifest " + listed.path);
  return entries;
}

}  // namespace tradelake::iceberg
