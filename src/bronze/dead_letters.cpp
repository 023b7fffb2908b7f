#include "bronze/dead_letters.h"

#include <arrow/api.h>

#include "iceberg/columns.h"

namespace tradelake::bronze {

std::shared_ptr<arrow::Table> to_arrow(const std::vector<DeadLetter>& letters,
                                       const std::vector<std::string>& topics,
                                       const std::vector<std::uint32_t>& rows) {
  using namespace iceberg;
  constexpr std::int32_t no_index = -1;
  std::vector<std::int32_t> partition, index;
  std::vector<std::int64_t> offset, received_us;
  for (const auto& letter : letters) {
    partition.push_back(letter.partition);
    index.push_back(letter.index.value_or(no_index));
    offset.push_back(letter.offset);
    received_us.push_back(letter.received_us);
  }
  const auto text = [&](auto member) {
    return text_column(
        [&, member](std::uint32_t row) {
          return std::optional<std::string_view>(member(letters[row]));
        },
        rows);
  };
  return table_of({
      {"_topic",
       text([&](const DeadLetter& letter) { return std::string_view(topics[letter.topic]); })},
      {"_topic_partition", int32_column(partition, rows)},
      {"_offset", int64_column(offset, rows)},
      {"_index", int32_column(index, rows, no_index)},
      {"received_at", timestamp_column(received_us, rows)},
      {"category",
       text([](const DeadLetter& letter) { return std::string_view(letter.category); })},
      {"symbol",
       text_column(
           [&](std::uint32_t row) { return std::optional<std::string_view>(letters[row].symbol); },
           rows)},
      {"reason", text([](const DeadLetter& letter) { return to_string(letter.reason); })},
      {"detail", text([](const DeadLetter& letter) { return std::string_view(letter.detail); })},
      {"payload",
       binary_column(
           [&](std::uint32_t row) { return std::optional<std::string_view>(letters[row].payload); },
           rows)},
  });
}

}  // namespace tradelake::bronze
