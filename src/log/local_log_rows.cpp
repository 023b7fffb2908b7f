#include "log/local_log_rows.h"

namespace tradelake::log {

Result<std::vector<TopicRow>> read_topics(Database& database) {
  TL_ASSIGN(auto select,
            database.prepare("SELECT topic, name, id, partitions FROM topics ORDER BY topic"));
  std::vector<TopicRow> topics;
  while (true) {
    TL_ASSIGN(const bool row, select.step());
    if (!row) return topics;
    topics.push_back({select.integer(0),
                      {std::string(select.text(1)), std::string(select.text(2)),
                       static_cast<std::int32_t>(select.integer(3))}});
  }
}

Result<std::vector<TopicInfo>> read_topic_infos(Database& database) {
  TL_ASSIGN(auto rows, read_topics(database));
  std::vector<TopicInfo> topics;
  for (auto& row : rows) topics.push_back(std::move(row.info));
  return topics;
}

Result<LogRanges> read_offsets(Database& database) {
  TL_ASSIGN(auto select,
            database.prepare("SELECT t.name, p.partition, p.start_offset, p.next_offset "
                             "FROM partitions p JOIN topics t USING (topic)"));
  std::map<TopicPartition, OffsetRange> offsets;
  while (true) {
    TL_ASSIGN(const bool row, select.step());
    if (!row) return offsets;
    offsets[{std::string(select.text(0)), static_cast<std::int32_t>(select.integer(1))}] = {
        select.integer(2), select.integer(3)};
  }
}

}  // namespace tradelake::log
