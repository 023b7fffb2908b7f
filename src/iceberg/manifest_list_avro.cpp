// The field ids are those of «Manifest Lists».
#include "iceberg/manifest_list_avro.h"

#include <limits>
#include <utility>

#include "iceberg/avro_container.h"
#include "iceberg/avro_schema_text.h"

namespace tradelake::iceberg {
namespace {

const std::string& list_schema() {
  static const std::string schema = [] {
    constexpr auto int_type = R"("int")";
    constexpr auto long_type = R"("long")";
    const auto summary =
        avro_record("r508", {
                                avro_required("contains_null", 509, R"("boolean")"),
                                avro_optional("contains_nan", 518, R"("boolean")"),
                                avro_optional("lower_bound", 510, R"("bytes")"),
                                avro_optional("upper_bound", 511, R"("bytes")"),
                            });
    return avro_record("manifest_file",
                       {
                           avro_required("manifest_path", 500, R"("string")"),
                           avro_required("manifest_length", 501, long_type),
                           avro_required("partition_spec_id", 502, int_type),
                           avro_required("content", 517, int_type),
                           avro_required("sequence_number", 515, long_type),
                           avro_required("min_sequence_number", 516, long_type),
                           avro_required("added_snapshot_id", 503, long_type),
                           avro_required("added_files_count", 504, int_type),
                           avro_required("existing_files_count", 505, int_type),
                           avro_required("deleted_files_count", 506, int_type),
                           avro_required("added_rows_count", 512, long_type),
                           avro_required("existing_rows_count", 513, long_type),
                           avro_required("deleted_rows_count", 514, long_type),
                           avro_optional("partitions", 507, avro_list(508, summary)),
                           avro_optional("key_metadata", 519, R"("bytes")"),
                       });
  }();
  return schema;
}

void write_optional_bytes(AvroOutput& out, const std::optional<std::string>& bytes) {
  if (!bytes) return out.null();
  out.present();
  out.sized(*bytes);
}

void write_manifest_file(AvroOutput& out, const ManifestFile& manifest) {
  out.sized(manifest.path);
  out.integer(manifest.length_bytes);
  out.integer(manifest.spec_id.value);
  out.integer(static_cast<int>(manifest.content));
  out.integer(manifest.sequence_number.value);
  out.integer(manifest.min_sequence_number.value);
  out.integer(manifest.added_snapshot_id.value);
  out.integer(manifest.added_files_count);
  out.integer(manifest.existing_files_count);
  out.integer(manifest.deleted_files_count);
  out.integer(manifest.added_rows_count);
  out.integer(manifest.existing_rows_count);
  out.integer(manifest.deleted_rows_count);
  out.present();
  out.begin_items(manifest.partitions.size());
  for (const auto& summary : manifest.partitions) {
    out.boolean(summary.contains_null);
    if (summary.contains_nan) {
      out.present();
      out.boolean(*summary.contains_nan);
    } else {
      out.null();
    }
    write_optional_bytes(out, summary.lower_bound);
    write_optional_bytes(out, summary.upper_bound);
  }
  out.end_items();
  write_optional_bytes(out, manifest.key_metadata.empty()
                                ? std::nullopt
                                : std::optional<std::string>(manifest.key_metadata));
}

std::optional<std::string> read_optional_bytes(AvroInput& in, const AvroSchema& schema) {
  const auto bytes = in.text(schema);
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

void read_summary(AvroInput& in, const AvroSchema& record, FieldSummary& summary) {
  for (const auto& field : record.fields) {
    switch (field.id.value_or(-1)) {
      case 509:
        summary.contains_null = in.flag(*field.type).value_or(true);
        break;
      case 518:
        summary.contains_nan = in.flag(*field.type);
        break;
      case 510:
        summary.lower_bound = read_optional_bytes(in, *field.type);
        break;
      case 511:
        summary.upper_bound = read_optional_bytes(in, *field.type);
        break;
      default:
        in.skip(*field.type);
    }
  }
}

void read_summaries(AvroInput& in, const AvroSchema& schema, std::vector<FieldSummary>& list) {
  const auto* actual = in.resolve(schema);
  if (actual->kind == AvroKind::null) return;
  if (actual->kind != AvroKind::array || actual->items->kind != AvroKind::record) {
    return in.fail("partitions is no array of records");
  }
  for (auto count = in.block(); count > 0; count = in.block()) {
    for (; count > 0 && in.ok(); --count) {
      read_summary(in, *actual->items, list.emplace_back());
    }
  }
}

void read_manifest_file(AvroInput& in, const AvroSchema& schema, ManifestFile& manifest) {
  // Counts are optional in format version 1; absent ones stay "unknown".
  manifest.added_files_count = manifest.existing_files_count = unknown_count;
  manifest.deleted_files_count = unknown_count;
  manifest.added_rows_count = manifest.existing_rows_count = unknown_count;
  manifest.deleted_rows_count = unknown_count;
  const auto read = [&in](const AvroSchema& type, auto& into) {
    using Number = std::remove_reference_t<decltype(into)>;
    const auto number = in.integer(type);
    if (!number) return;
    if (!std::in_range<Number>(*number)) return in.fail("a count leaves its type");
    into = static_cast<Number>(*number);
  };
  for (const auto& field : schema.fields) {
    const auto& type = *field.type;
    switch (field.id.value_or(-1)) {
      case 500:
        manifest.path = read_optional_bytes(in, type).value_or("");
        break;
      case 501:
        read(type, manifest.length_bytes);
        break;
      case 502:
        read(type, manifest.spec_id.value);
        break;
      case 517: {
        const auto content = in.integer(type).value_or(0);
        if (content < 0 || content > 1) return in.fail("content is not 0 or 1");
        manifest.content = static_cast<ManifestContent>(content);
        break;
      }
      case 515:
        read(type, manifest.sequence_number.value);
        break;
      case 516:
        read(type, manifest.min_sequence_number.value);
        break;
      case 503:
        read(type, manifest.added_snapshot_id.value);
        break;
      case 504:
        read(type, manifest.added_files_count);
        break;
      case 505:
        read(type, manifest.existing_files_count);
        break;
      case 506:
        read(type, manifest.deleted_files_count);
        break;
      case 512:
        read(type, manifest.added_rows_count);
        break;
      case 513:
        read(type, manifest.existing_rows_count);
        break;
      case 514:
        read(type, manifest.deleted_rows_count);
        break;
      case 507:
        read_summaries(in, type, manifest.partitions);
        break;
      case 519:
        manifest.key_metadata = read_optional_bytes(in, type).value_or("");
        break;
      default:
        in.skip(type);
    }
    if (!in.ok()) return;
  }
  if (manifest.path.empty()) in.fail("an entry without a manifest_path (field id 500)");
}

}  // namespace

std::string encode_manifest_list(const Snapshot& snapshot,
                                 const std::vector<ManifestFile>& manifests) {
  AvroWriter writer(
      list_schema(),
      {
          {"snapshot-id", fmt::format("{}", snapshot.id.value)},
          {"parent-snapshot-id",
           snapshot.parent_id ? fmt::format("{}", snapshot.parent_id->value) : "null"},
          {"sequence-number", fmt::format("{}", snapshot.sequence_number.value)},
          {"format-version", "2"},
      });
  for (const auto& manifest : manifests) {
    write_manifest_file(writer.object(), manifest);
    writer.end_object();
  }
  return std::move(writer).finish();
}

Result<std::vector<ManifestFile>> decode_manifest_list(std::string_view bytes) {
  TL_ASSIGN(auto reader, AvroReader::open(bytes));
  if (reader.schema().kind != AvroKind::record) {
    return make_error(Errc::corrupt, "its Avro schema is no record");
  }
  std::vector<ManifestFile> manifests;
  TL_TRY(reader.for_each([&](AvroInput& in) -> Result<> {
    read_manifest_file(in, reader.schema(), manifests.emplace_back());
    return {};
  }));
  return manifests;
}

Result<std::vector<ManifestFile>> read_manifest_list(FileIo& io, const Snapshot& snapshot) {
  TL_ASSIGN(const auto bytes, io.read(snapshot.manifest_list));
  auto manifests = decode_manifest_list(bytes);
  if (!manifests) {
    return in_context(std::move(manifests).error(), "manifest list " + snapshot.manifest_list);
  }
  return manifests;
}

}  // namespace tradelake::iceberg
