#include "log/kafka_client.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include <librdkafka/rdkafka.h>
#include <spdlog/spdlog.h>

#include "core/event_log.h"

namespace tradelake::log {
namespace {

constexpr std::chrono::seconds patience_at_end{2};
constexpr std::chrono::milliseconds look_again{1};

// Even a broker that is away is an error there, with each attempt. What matters is reported by
// whoever uses the handle.
void on_log(const rd_kafka_t*, int, const char* facility, const char* text) {
  lasting_event_log().debug("event=kafka_client facility={} text=\"{}\"", facility, text);
}

void on_error(rd_kafka_t*, int code, const char* reason, void* opaque) {
  if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
    static_cast<KafkaClient*>(opaque)->reachability().lost(reason);
}

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& client = *static_cast<KafkaClient*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) client.reachability().found();
  client.reports()->delivered(reinterpret_cast<std::size_t>(message->_private), message->err);
}

void on_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t code,
                  rd_kafka_topic_partition_list_t* list, void* opaque) {
  auto* const rebalances = static_cast<KafkaClient*>(opaque)->rebalances();
  if (rebalances != nullptr) return rebalances->rebalance(code, list);
  // It is leaving: nobody cares what it had.
  auto* const error = code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS
                          ? rd_kafka_incremental_assign(handle, list)
                          : rd_kafka_incremental_unassign(handle, list);
  if (error != nullptr) rd_kafka_error_destroy(error);
}

}  // namespace

void Reachability::lost(std::string_view reason) {
  if (!away_.exchange(true))
    lasting_event_log().warn("event=kafka_away client={} error=\"{}\"", client_, reason);
}

void Reachability::say_found() {
  if (away_.exchange(false)) lasting_event_log().info("event=kafka_back client={}", client_);
}

Result<std::unique_ptr<KafkaClient>> KafkaClient::open(Role role, const KafkaAddress& address,
                                                       const KafkaSettings& settings,
                                                       std::string name, DeliveryReports* reports,
                                                       Rebalances* rebalances) {
  std::unique_ptr<KafkaClient> client(new KafkaClient(std::move(name), reports, rebalances));
  auto* conf = rd_kafka_conf_new();
  char error[512];
  KafkaSettings all{{"bootstrap.servers", address.bootstrap()},
                    {"client.id", "tradelake"},
                    {"socket.keepalive.enable", "true"},
                    {"reconnect.backoff.ms", "50"},
                    {"reconnect.backoff.max.ms", "1000"}};
  all.insert(all.end(), settings.begin(), settings.end());
  for (const auto& [key, value] : all) {
    if (rd_kafka_conf_set(conf, key, value.c_str(), error, sizeof error) != RD_KAFKA_CONF_OK) {
      rd_kafka_conf_destroy(conf);
      return make_error(Errc::io, "cannot start the Kafka client: {}", error);
    }
  }
  rd_kafka_conf_set_opaque(conf, client.get());
  rd_kafka_conf_set_log_cb(conf, on_log);
  rd_kafka_conf_set_error_cb(conf, on_error);
  if (reports != nullptr) rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  if (rebalances != nullptr) rd_kafka_conf_set_rebalance_cb(conf, on_rebalance);
  client->handle_ = rd_kafka_new(role == Role::producer ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER,
                                 conf, error, sizeof error);
  if (client->handle_ == nullptr) {
    rd_kafka_conf_destroy(conf);
    return make_error(Errc::io, "cannot start the Kafka client: {}", error);
  }
  return client;
}

// What librdkafka does not finish goes on in its thread.
bool KafkaClient::ends_in_time(std::function<void()> work) const {
  const auto ended = std::make_shared<std::atomic<bool>>(false);
  std::thread([work = std::move(work), ended] {
    work();
    *ended = true;
  }).detach();
  // Looked for and not waited on: under a faked clock (libfaketime) timed waits do not end.
  const auto deadline = std::chrono::steady_clock::now() + patience_at_end;
  while (!*ended && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(look_again);
  if (!*ended) spdlog::warn("event=kafka_client_left_behind client={}", reachability_.client());
  return *ended;
}

KafkaClient::~KafkaClient() {
  if (handle_ == nullptr) return;
  // librdkafka 2.0 waits for ever when a topic that was read has been deleted. It is left behind
  // then: whoever finds its topic gone ends the process. Without leaving a group in form: there is
  // none, and the broker may be away.
  ends_in_time(
      [handle = handle_] { rd_kafka_destroy_flags(handle, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE); });
}

void KafkaClient::leave_group(std::unique_ptr<KafkaClient> client) {
  // In form, so that the others need not wait for the session's end; that takes a broker.
  if (!client->reachability_.away()) {
    client->rebalances_ = nullptr;
    if (!client->ends_in_time([handle = client->handle_] { rd_kafka_consumer_close(handle); })) {
      static_cast<void>(client.release());  // the thread may still call it
      return;
    }
  }
  client->handle_ = nullptr;
}

std::string kafka_text(int code) {
  return rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(code));
}

}  // namespace tradelake::log
