// What the tests of the Kafka log share: a broker (its address in TRADELAKE_TEST_KAFKA;
// scripts/test.sh starts one), a topic of each test's own, and a plain librdkafka producer that
// plays somebody else.
#pragma once

#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>

#include "core/time.h"
#include "log/kafka_log.h"
#include "log/topic.h"

namespace tradelake::log {

// A producer of another program, or of a replay that is about to be killed.
class OtherProducer {
 public:
  explicit OtherProducer(const std::string& bootstrap, const std::string& transactional_id = "") {
    auto* conf = rd_kafka_conf_new();
    char error[256];
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap.c_str(), error, sizeof error);
    if (!transactional_id.empty())
      rd_kafka_conf_set(conf, "transactional.id", transactional_id.c_str(), error, sizeof error);
    handle_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (transactional_id.empty()) return;
    check(rd_kafka_init_transactions(handle_, 10'000));
  }
  ~OtherProducer() { rd_kafka_destroy(handle_); }
  void begin() { check(rd_kafka_begin_transaction(handle_)); }
  void send(const TopicPartition& where, const std::string& key, const std::string& value) {
    EXPECT_EQ(rd_kafka_producev(handle_, RD_KAFKA_V_TOPIC(where.topic.c_str()),
                                RD_KAFKA_V_PARTITION(where.partition),
                                RD_KAFKA_V_KEY(key.data(), key.size()),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
    EXPECT_EQ(rd_kafka_flush(handle_, 10'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void commit() { check(rd_kafka_commit_transaction(handle_, 10'000)); }
  void abort() { check(rd_kafka_abort_transaction(handle_, 10'000)); }

 private:
  static void check(rd_kafka_error_t* error) {
    EXPECT_EQ(error, nullptr) << rd_kafka_error_string(error);
  }
  rd_kafka_t* handle_;
};

class KafkaTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* address = std::getenv("TRADELAKE_TEST_KAFKA");
    if (address == nullptr) GTEST_SKIP() << "no broker: TRADELAKE_TEST_KAFKA is not set";
    address_ = address;
    bootstrap_ = address_.substr(address_.find("//") + 2);
    log_ = *open_kafka_log(address_);
    ensure();
    writer_ = *log_->writer();
  }
  void ensure() {
    const std::vector<std::string> topics{topic_};
    const auto done = log_->ensure_topics(topics);
    ASSERT_TRUE(done) << done.error().message;
  }

  NewRecord record(std::string_view key, std::string_view value, std::int64_t n = -1) const {
    NewRecord made;
    made.topic = topic_;
    made.key = key;
    made.value = value;
    made.headers.category = "linear";
    made.headers.recv_ns = 7;
    made.source_n = n;
    return made;
  }
  // Calls again as a caller has to.
  static Result<> append(Writer& writer, const std::vector<NewRecord>& records,
                         std::string_view source = "") {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      auto done = writer.append(records, source);
      if (done || done.error().code != Errc::unavailable) return done;
      if (std::chrono::steady_clock::now() > deadline) return done;
    }
  }
  static std::map<TopicPartition, std::int64_t> progress(Writer& writer, std::string_view source) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (true) {
      auto done = writer.source_progress(source);
      if (done) return *done;
      if (done.error().code != Errc::unavailable || std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << done.error().message;
        return {};
      }
    }
  }
  void delete_topic() {
    char error[256];
    auto* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", bootstrap_.c_str(), error, sizeof error);
    auto* handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    auto* queue = rd_kafka_queue_new(handle);
    auto* gone = rd_kafka_DeleteTopic_new(topic_.c_str());
    rd_kafka_DeleteTopics(handle, &gone, 1, nullptr, queue);
    auto* event = rd_kafka_queue_poll(queue, 10'000);
    ASSERT_NE(event, nullptr);
    rd_kafka_event_destroy(event);
    rd_kafka_DeleteTopic_destroy(gone);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(handle);
  }
  TopicPartition where(std::string_view key) const { return {topic_, partition_of(key)}; }
  std::int64_t end(std::string_view key) {
    const auto offsets = log_->offsets();
    EXPECT_TRUE(offsets) << offsets.error().message;
    return offsets ? offsets->at(where(key)).end : -1;
  }

  // The marker of a transaction may come a little after its commit has succeeded.
  bool ends_at(std::string_view key, std::int64_t offset) {
    for (int i = 0; i < 200 && end(key) != offset; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    return end(key) == offset;
  }

  // Values from the offset to the log's end as it is now; fails when it is not reached in time.
  std::vector<std::string> read(std::int64_t from, std::string_view key) {
    using namespace std::chrono_literals;
    const auto to = end(key);
    auto reader = *log_->reader();
    reader->assign({{where(key), from}});
    std::vector<std::string> values;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    for (auto next = from; next < to;) {
      auto chunk = reader->poll(100ms);
      EXPECT_TRUE(chunk) << chunk.error().message;
      if (!chunk) break;
      for (const auto& one : chunk->records) {
        EXPECT_GE(one.offset, next);
        next = one.offset + 1;
        values.emplace_back(one.value);
      }
      if (!chunk->where.topic.empty()) {
        EXPECT_GE(chunk->next_offset, next);
        next = chunk->next_offset;
      }
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "stuck at " << next << " of " << to;
        break;
      }
    }
    return values;
  }

  std::string address_, bootstrap_;
  std::string topic_ = fmt::format("test{}.linear.publicTrade", now_ns());
  std::unique_ptr<Log> log_;
  std::unique_ptr<Writer> writer_;
};

}  // namespace tradelake::log
