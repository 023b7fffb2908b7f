// Manifests of anybody: whole files, and the objects in a file that is otherwise well-formed.
#include <cstdint>
#include <string_view>

#include "avro_block.h"
#include "iceberg/manifest_avro.h"

namespace {

using namespace tradelake::iceberg;

TableMetadata table() {
  const Schema schema{.id = SchemaId{0},
                      .fields = {{FieldId{1}, "at", primitive(TypeKind::timestamp), true, ""},
                                 {FieldId{2}, "price", decimal_type(38, 18), true, ""},
                                 {FieldId{3}, "text", primitive(TypeKind::string), false, ""}},
                      .identifier_field_ids = {}};
  const PartitionSpec spec{SpecId{0},
                           {{FieldId{1}, FieldId{1000}, "at_hour", parse_transform("hour")},
                            {FieldId{3}, FieldId{1001}, "text", parse_transform("identity")}}};
  return new_table_metadata("file:///lake/t", schema, spec, {}, {}, 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TableMetadata metadata = table();
  static const std::string empty =
      *encode_manifest(metadata, metadata.specs.front(), ManifestContent::data, {});
  ManifestFile listed;
  listed.path = "file:///lake/t/metadata/m.avro";
  listed.spec_id = metadata.specs.front().id;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  (void)decode_manifest(input, metadata, listed);
  if (!input.empty()) {
    (void)decode_manifest(
        tradelake::fuzz::with_block(empty, input.substr(1), static_cast<std::int8_t>(input[0])),
        metadata, listed);
  }
  return 0;
}
