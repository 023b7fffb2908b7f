#include "log/kafka_producer.h"

#include <librdkafka/rdkafka.h>

#include "log/kafka_headers.h"
#include "log/topic.h"

namespace tradelake::log {
namespace {

constexpr std::size_t queue_kbytes = 64 << 10;
constexpr std::size_t queue_messages = 200'000;
// Batches on the wire stay below what the topic takes, by more than their headers.
constexpr std::size_t send_bytes = 1 << 20, message_bytes = max_batch_bytes - (256 << 10);

rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
  rd_kafka_vu_t made{};
  made.vtype = type;
  return made;
}
rd_kafka_vu_t memory(rd_kafka_vtype_t type, std::string_view bytes) {
  auto made = argument(type);
  made.u.mem = {const_cast<char*>(bytes.data()), bytes.size()};
  return made;
}

// Takes the headers when it is true.
Result<bool> produce(rd_kafka_t* handle, rd_kafka_topic_t* topic, std::int32_t partition,
                     std::string_view key, std::string_view value, rd_kafka_headers_t* headers,
                     std::size_t index) {
  rd_kafka_vu_t arguments[7] = {
      argument(RD_KAFKA_VTYPE_RKT),        argument(RD_KAFKA_VTYPE_PARTITION),
      argument(RD_KAFKA_VTYPE_MSGFLAGS),   memory(RD_KAFKA_VTYPE_KEY, key),
      memory(RD_KAFKA_VTYPE_VALUE, value), argument(RD_KAFKA_VTYPE_OPAQUE),
      argument(RD_KAFKA_VTYPE_HEADERS)};
  arguments[0].u.rkt = topic;
  arguments[1].u.i32 = partition;
  arguments[2].u.i = RD_KAFKA_MSG_F_COPY;
  arguments[5].u.ptr = reinterpret_cast<void*>(index);
  arguments[6].u.headers = headers;
  auto* error = rd_kafka_produceva(handle, arguments, headers == nullptr ? 6 : 7);
  if (error == nullptr) return true;
  const auto code = rd_kafka_error_code(error);
  std::string reason = rd_kafka_error_string(error);
  rd_kafka_error_destroy(error);
  if (headers != nullptr) rd_kafka_headers_destroy(headers);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
  if (is_permanent(code)) return make_error(Errc::io, "cannot write to the log: {}", reason);
  // The producer is in an error state, which its owner finds out from it.
  return make_error(Errc::unavailable, "cannot write to the log: {}", reason);
}

}  // namespace

void Deliveries::begin(std::size_t records) {
  states_.assign(records, Delivery::waiting);
  durable_ = 0;
  last_error_ = 0;
}

void Deliveries::forget_handed_over() {
  for (auto& state : states_)
    if (state == Delivery::handed_over) state = Delivery::waiting;
}

void Deliveries::delivered(std::size_t index, int error) {
  if (index >= states_.size()) return;
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
    states_[index] = Delivery::durable;
    ++durable_;
  } else {
    states_[index] = Delivery::waiting;
    // What was thrown away after a failure must not hide the failure.
    if (last_error_ == 0 || !is_permanent(last_error_)) last_error_ = error;
  }
}

Result<std::unique_ptr<KafkaProducer>> KafkaProducer::open(const KafkaAddress& address,
                                                           const KafkaSettings& settings,
                                                           std::string name,
                                                           Deliveries& deliveries) {
  KafkaSettings all{{"enable.idempotence", "true"},
                    {"acks", "all"},
                    {"compression.type", "zstd"},
                    {"compression.level", "1"},
                    {"linger.ms", "5"},
                    {"batch.size", fmt::to_string(send_bytes)},
                    {"message.max.bytes", fmt::to_string(message_bytes)},
                    {"queue.buffering.max.kbytes", fmt::to_string(queue_kbytes)},
                    {"queue.buffering.max.messages", fmt::to_string(queue_messages)},
                    {"retry.backoff.ms", "100"}};
  all.insert(all.end(), settings.begin(), settings.end());
  TL_ASSIGN(auto client, KafkaClient::open(KafkaClient::Role::producer, address, all,
                                           std::move(name), &deliveries));
  return std::unique_ptr<KafkaProducer>(new KafkaProducer(std::move(client)));
}

KafkaProducer::~KafkaProducer() {
  for (const auto& [name, topic] : topics_) rd_kafka_topic_destroy(topic);
}

rd_kafka_topic_s* KafkaProducer::topic(std::string_view name) {
  auto found = topics_.find(name);
  if (found == topics_.end()) {
    std::string owned(name);
    auto* made = rd_kafka_topic_new(client_->get(), owned.c_str(), nullptr);
    found = topics_.emplace(std::move(owned), made).first;
  }
  return found->second;
}

Result<bool> KafkaProducer::hand_over(const NewRecord& record, std::string_view source,
                                      std::size_t index) {
  return produce(client_->get(), topic(record.topic), partition_of(record.key), record.key,
                 record.value, to_kafka_headers(record, source), index);
}

Result<bool> KafkaProducer::hand_over(std::string_view topic_name, std::string_view key,
                                      std::string_view value, std::size_t index) {
  return produce(client_->get(), topic(topic_name), 0, key, value, nullptr, index);
}

void KafkaProducer::serve(std::chrono::milliseconds wait) {
  rd_kafka_poll(client_->get(), static_cast<int>(wait.count()));
}

void KafkaProducer::flush(std::chrono::milliseconds wait) {
  rd_kafka_flush(client_->get(), static_cast<int>(wait.count()));
}

void KafkaProducer::give_up() {
  rd_kafka_purge(client_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  rd_kafka_flush(client_->get(), 1'000);
}

std::string KafkaProducer::fatal_error() const {
  char reason[512];
  return rd_kafka_fatal_error(client_->get(), reason, sizeof reason) == RD_KAFKA_RESP_ERR_NO_ERROR
             ? std::string()
             : std::string(reason);
}

bool names_a_missing_topic(int code) {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

bool is_permanent(int code) {
  if (names_a_missing_topic(code)) return true;
  switch (code) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
    case RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
      return true;
    default:
      return false;
  }
}

}  // namespace tradelake::log
