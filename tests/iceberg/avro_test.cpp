// The Avro container, whole and damaged.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <limits>
#include <random>

#include "iceberg/avro_container.h"
#include "iceberg/deflate.h"
#include "iceberg/manifest_avro.h"
#include "iceberg/manifest_list_avro.h"
#include "lake_fixture.h"

namespace tradelake::iceberg {
namespace {

TableMetadata small_metadata() {
  return new_table_metadata("file:///lake/t", small_schema(), small_spec(), {}, {},
                            1'700'000'000'000);
}

std::vector<ManifestEntry> many_entries(int count) {
  std::vector<ManifestEntry> entries;
  for (int i = 0; i < count; ++i) {
    ManifestEntry entry;
    entry.status = static_cast<EntryStatus>(i % 3);
    entry.snapshot_id = SnapshotId{std::numeric_limits<std::int64_t>::max() - i};
    entry.sequence_number = SequenceNumber{i};
    entry.file_sequence_number = SequenceNumber{i + 1};
    entry.file =
        small_file(fmt::format("file:///lake/t/data/{}.parquet", i), i, fmt::format("p{}", i % 7));
    if (i % 5 == 0) entry.file.partition[0] = std::nullopt;
    entry.file.split_offsets = {4, 1000 + i};
    entry.file.sort_order_id = SortOrderId{1};
    entries.push_back(std::move(entry));
  }
  return entries;
}

ManifestFile listed_as(std::int64_t sequence_number) {
  ManifestFile listed;
  listed.path = "m";
  listed.sequence_number = SequenceNumber{sequence_number};
  listed.added_snapshot_id = SnapshotId{77};
  return listed;
}

TEST(Avro, IntegersOfEveryLengthComeBack) {
  AvroOutput out;
  const std::vector<std::int64_t> numbers{0,   -1,  1,         63,        64,
                                          -64, -65, INT32_MAX, INT64_MAX, INT64_MIN};
  for (const auto number : numbers) out.integer(number);
  AvroInput in(out.bytes());
  for (const auto number : numbers) EXPECT_EQ(in.zigzag(), number);
  EXPECT_TRUE(in.ok() && in.at_end());
}

TEST(Avro, AManifestOfSeveralBlocksComesBackWhole) {
  const auto metadata = small_metadata();
  const auto entries = many_entries(5000);
  const auto bytes = *encode_manifest(metadata, metadata.spec(), ManifestContent::data, entries);
  int blocks_worth = 0;
  auto reader = *AvroReader::open(bytes);
  const auto read = *decode_manifest(bytes, metadata, listed_as(9));
  ASSERT_EQ(read.size(), entries.size());
  for (std::size_t i = 0; i < read.size(); ++i) {
    const bool added = entries[i].status == EntryStatus::added;
    EXPECT_EQ(read[i].status, entries[i].status);
    EXPECT_EQ(read[i].snapshot_id, entries[i].snapshot_id);
    EXPECT_EQ(read[i].sequence_number, added ? SequenceNumber{9} : entries[i].sequence_number);
    EXPECT_EQ(read[i].file.path, entries[i].file.path);
    EXPECT_EQ(read[i].file.partition, entries[i].file.partition);
    EXPECT_EQ(read[i].file.record_count, entries[i].file.record_count);
    EXPECT_EQ(read[i].file.lower_bounds, entries[i].file.lower_bounds);
    EXPECT_EQ(read[i].file.split_offsets, entries[i].file.split_offsets);
    EXPECT_EQ(read[i].file.sort_order_id, entries[i].file.sort_order_id);
    blocks_worth += static_cast<int>(entries[i].file.path.size());
  }
  EXPECT_GT(blocks_worth, 2 * 64 * 1024);  // more than one block, whatever else is in an entry
  EXPECT_EQ(reader.metadata().at("content"), "data");
}

TEST(Avro, EntriesThatAreNotAddedNeedTheirSequenceNumbers) {
  const auto metadata = small_metadata();
  ManifestEntry entry;
  entry.status = EntryStatus::existing;
  entry.file = small_file("file:///f");
  const auto bytes = encode_manifest(metadata, metadata.spec(), ManifestContent::data, {entry});
  EXPECT_EQ(bytes.error().code, Errc::invalid_argument);
}

TEST(Avro, PartitionValuesMustBeOfTheirType) {
  const auto metadata = small_metadata();
  ManifestEntry entry;
  entry.file = small_file("file:///f");
  entry.file.partition = {Value{std::int64_t{1}}};
  const auto bytes = encode_manifest(metadata, metadata.spec(), ManifestContent::data, {entry});
  EXPECT_EQ(bytes.error().code, Errc::invalid_argument);
}

TEST(Avro, AManifestListComesBackWhole) {
  ManifestFile manifest = listed_as(3);
  manifest.length_bytes = std::int64_t{1} << 40;
  manifest.content = ManifestContent::deletes;
  manifest.min_sequence_number = SequenceNumber{1};
  manifest.added_files_count = 1;
  manifest.existing_rows_count = std::int64_t{1} << 40;
  manifest.partitions = {{true, std::nullopt, std::nullopt, std::nullopt}, {false, true, "a", "b"}};
  manifest.key_metadata = "key";
  Snapshot snapshot;
  snapshot.id = SnapshotId{INT64_MAX};
  const auto read = *decode_manifest_list(encode_manifest_list(snapshot, {manifest, manifest}));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[1].path, manifest.path);
  EXPECT_EQ(read[1].length_bytes, manifest.length_bytes);
  EXPECT_EQ(read[1].content, manifest.content);
  EXPECT_EQ(read[1].min_sequence_number, manifest.min_sequence_number);
  EXPECT_EQ(read[1].existing_rows_count, manifest.existing_rows_count);
  EXPECT_EQ(read[1].key_metadata, "key");
  ASSERT_EQ(read[1].partitions.size(), 2U);
  EXPECT_EQ(read[1].partitions[0].contains_nan, std::nullopt);
  EXPECT_EQ(read[1].partitions[1].upper_bound, "b");
}

// A list of format version 1: no sequence numbers, old names, counts left out.
TEST(Avro, AListOfFormatVersionOneIsRead) {
  AvroWriter writer(R"({"type":"record","name":"manifest_file","fields":[
      {"name":"manifest_path","type":"string","field-id":500},
      {"name":"manifest_length","type":"long","field-id":501},
      {"name":"partition_spec_id","type":"int","field-id":502},
      {"name":"added_snapshot_id","type":["null","long"],"default":null,"field-id":503},
      {"name":"added_data_files_count","type":["null","int"],"default":null,"field-id":504},
      {"name":"surprise","type":{"type":"map","values":["null",{"type":"array","items":"double"}]},"field-id":9999}
      ]})",
                    {});
  auto& out = writer.object();
  out.sized("file:///m.avro");
  out.integer(10);
  out.integer(0);
  out.present();
  out.integer(42);
  out.present();
  out.integer(7);
  out.begin_items(1);
  out.sized("key");
  out.present();
  out.begin_items(2);
  out.floating(1.0);
  out.floating(2.0);
  out.end_items();
  out.end_items();
  writer.end_object();
  const auto read = *decode_manifest_list(std::move(writer).finish());
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].added_files_count, 7);
  EXPECT_EQ(read[0].existing_files_count, unknown_count);
  EXPECT_EQ(read[0].sequence_number, SequenceNumber{0});
  EXPECT_EQ(read[0].added_snapshot_id, SnapshotId{42});
}

TEST(Avro, FilesWithoutFieldIdsAreRefusedWithTheReason) {
  AvroWriter writer(R"({"type":"record","name":"manifest_file","fields":[
      {"name":"manifest_path","type":"string"}]})",
                    {});
  writer.object().sized("file:///m.avro");
  writer.end_object();
  const auto read = decode_manifest_list(std::move(writer).finish());
  ASSERT_FALSE(read);
  EXPECT_NE(read.error().message.find("field id 500"), std::string::npos) << read.error().message;
}

TEST(Avro, SchemasThatReferToThemselvesOrNestWithoutEndAreRefused) {
  EXPECT_FALSE(parse_avro_schema(
      R"({"type":"record","name":"r","fields":[{"name":"next","type":["null","r"]}]})"));
  std::string deep = R"("int")";
  for (int i = 0; i < 5000; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_FALSE(parse_avro_schema(deep));
  EXPECT_FALSE(parse_avro_schema(std::string(100'000, '[')));
}

TEST(Avro, ACodecThatIsNotReadIsNamed) {
  auto bytes =
      *encode_manifest(small_metadata(), small_spec(), ManifestContent::data, many_entries(1));
  bytes.replace(bytes.find("deflate"), 7, "snappyy");
  const auto read = decode_manifest(bytes, small_metadata(), listed_as(1));
  EXPECT_EQ(read.error().code, Errc::unsupported);
  EXPECT_NE(read.error().message.find("snappyy"), std::string::npos);
}

// Whatever the bytes, the answer is a value or an error; ASAN and UBSAN see to the rest.
void try_to_read(const std::string& bytes) {
  (void)decode_manifest(bytes, small_metadata(), listed_as(1));
  (void)decode_manifest_list(bytes);
}

// The same entries without compression, so that damage reaches the entries and not only zlib.
std::string uncompressed_manifest() {
  const auto packed =
      *encode_manifest(small_metadata(), small_spec(), ManifestContent::data, many_entries(20));
  auto reader = *AvroReader::open(packed);
  AvroOutput out;
  out.raw("Obj\1");
  out.begin_items(2);
  out.sized("avro.schema");
  out.sized(reader.metadata().at("avro.schema"));
  out.sized("avro.codec");
  out.sized("null");
  out.end_items();
  const std::string sync(16, 's');
  out.raw(sync);
  // The one block of the packed file, unpacked by hand.
  const auto packed_sync = packed.substr(packed.size() - 16);
  const auto block_at = packed.find(packed_sync) + 16;
  AvroInput in(std::string_view(packed).substr(block_at));
  out.integer(in.zigzag());
  out.sized(*inflate(in.sized(), DeflateFormat::raw, avro_max_block_bytes));
  out.raw(sync);
  return out.bytes();
}

TEST(Avro, CodecNullIsRead) {
  EXPECT_EQ(decode_manifest(uncompressed_manifest(), small_metadata(), listed_as(1))->size(), 20U);
}

TEST(HostileAvro, TruncatedAtEveryByteNeverCrashes) {
  const auto bytes = uncompressed_manifest();
  for (std::size_t size = 0; size < bytes.size(); ++size) try_to_read(bytes.substr(0, size));
}

TEST(HostileAvro, MutatedBytesNeverCrash) {
  const std::vector<std::string> seeds{
      uncompressed_manifest(),
      *encode_manifest(small_metadata(), small_spec(), ManifestContent::data, many_entries(5)),
      encode_manifest_list({}, {listed_as(1), listed_as(2)})};
  std::mt19937 random(7);
  const std::string extremes{"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10};
  for (int round = 0; round < 6000; ++round) {
    auto bytes = seeds[random() % seeds.size()];
    for (auto hits = random() % 4 + 1; hits > 0; --hits) {
      const auto at = random() % bytes.size();
      switch (random() % 4) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.insert(at, extremes.substr(random() % 10));
          break;
        case 2:
          bytes.erase(at, random() % 16);
          break;
        default:
          bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 64));
      }
    }
    try_to_read(bytes);
  }
}

TEST(HostileAvro, AClaimedCountCostsNothing) {
  AvroOutput out;
  out.raw("Obj\1");
  out.integer(INT64_MAX);
  try_to_read(out.bytes());
  EXPECT_EQ(AvroReader::open(out.bytes()).error().code, Errc::corrupt);
}

TEST(HostileAvro, ABlockThatUnpacksWithoutEndIsRefused) {
  const auto bomb = deflate(std::string(std::size_t{8} << 20, '\0'), DeflateFormat::raw);
  EXPECT_EQ(inflate(bomb, DeflateFormat::raw, 1 << 20).error().code, Errc::corrupt);
  EXPECT_EQ(inflate(bomb, DeflateFormat::raw, 8 << 20)->size(), std::size_t{8} << 20);
}

}  // namespace
}  // namespace tradelake::iceberg
