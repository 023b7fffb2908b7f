#include "bybit/subscription.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace tradelake::bybit {

Subscription::Subscription(Category category, std::vector<std::string> topics,
                           SubscriptionTimes times)
    : limits_(limits_of(category)), times_(times) {
  for (auto& topic : topics) {
    const auto index = static_cast<Index>(topics_.size());
    if (!index_.emplace(topic, index).second) continue;
    topics_.push_back({.topic = std::move(topic),
                       .state = TopicState::wanted,
                       .reason = {},
                       .strikes = 0,
                       .retry_at = {}});
  }
  wanted_ = topics_.size();
  reset();
}

void Subscription::set_state(Index index, TopicState state) {
  Entry& entry = topics_[index];
  if (entry.state == TopicState::wanted) --wanted_;
  if (entry.state == TopicState::active) --active_;
  entry.state = state;
  if (state == TopicState::wanted) ++wanted_;
  if (state == TopicState::active) ++active_;
}

void Subscription::reset() {
  groups_.clear();
  in_flight_.clear();
  std::vector<Index> all;
  for (Index i = 0; i < topics_.size(); ++i) {
    if (topics_[i].state == TopicState::refused) continue;
    set_state(i, TopicState::wanted);
    all.push_back(i);
  }
  if (!all.empty()) groups_.push_back(std::move(all));
}

void Subscription::want_again(std::vector<Index> group) {
  if (group.empty()) return;
  for (const Index i : group) set_state(i, TopicState::wanted);
  groups_.push_front(std::move(group));
}

void Subscription::refuse(Index index, std::string_view reason, Time retry_at) {
  set_state(index, TopicState::refused);
  topics_[index].reason = reason;
  topics_[index].retry_at = retry_at;
}

void Subscription::expire(Time now) {
  while (!in_flight_.empty() && in_flight_.front().deadline <= now) {
    auto lost = std::move(in_flight_.front().topics);
    in_flight_.pop_front();
    want_again(std::move(lost));
  }
}

std::vector<Subscription::Index> Subscription::next_batch(Time now) {
  std::vector<Index> batch;
  if (!groups_.empty()) {
    auto& group = groups_.front();
    const auto count = std::min(group.size(), limits_.topics_per_request);
    const auto end = group.begin() + static_cast<std::ptrdiff_t>(count);
    batch.assign(group.begin(), end);
    group.erase(group.begin(), end);
    if (group.empty()) groups_.pop_front();
    return batch;
  }
  for (Index i = 0; i < topics_.size(); ++i) {
    if (topics_[i].state == TopicState::refused && topics_[i].retry_at <= now) return {i};
  }
  return batch;
}

std::optional<Subscription::Request> Subscription::next_request(Time now) {
  expire(now);
  if (in_flight_.size() >= limits_.requests_in_flight) return std::nullopt;
  auto batch = next_batch(now);
  if (batch.empty()) return std::nullopt;
  std::vector<std::string> names;
  names.reserve(batch.size());
  for (const Index i : batch) {
    set_state(i, TopicState::requested);
    names.push_back(topics_[i].topic);
  }
  Request request;
  request.req_id = fmt::format("s{}", ++last_req_id_);
  request.text = subscribe_request(request.req_id, names);
  request.topics = batch.size();
  in_flight_.push_back({request.req_id, std::move(batch), now + times_.ack_timeout});
  return request;
}

Subscription::Batches::iterator Subscription::batch_of(const ControlFrame& ack,
                                                       const Refusal& refusal) {
  if (!ack.req_id.empty()) return std::ranges::find(in_flight_, ack.req_id, &Batch::req_id);
  for (const auto& name : refusal.topics) {
    const auto found = index_.find(name);
    if (found == index_.end()) continue;
    const auto batch = std::ranges::find_if(in_flight_, [&](const Batch& candidate) {
      return std::ranges::find(candidate.topics, found->second) != candidate.topics.end();
    });
    if (batch != in_flight_.end()) return batch;
  }
  return in_flight_.begin();  // answers come in the order of the requests
}

void Subscription::on_topic_lists(const ControlFrame& ack, Time now) {
  const auto settle = [&](const std::string& name, auto&& decide) {
    const auto found = index_.find(name);
    if (found == index_.end() || topics_[found->second].state != TopicState::requested) return;
    for (auto& batch : in_flight_) std::erase(batch.topics, found->second);
    decide(found->second);
  };
  for (const auto& name : ack.success_topics) {
    settle(name, [&](Index i) { set_state(i, TopicState::active); });
  }
  const auto reason = ack.ret_msg.empty() ? std::string("in failTopics") : ack.ret_msg;
  for (const auto& name : ack.fail_topics) {
    settle(name, [&](Index i) { refuse(i, reason, now + times_.retry_refused); });
  }
  std::erase_if(in_flight_, [](const Batch& batch) { return batch.topics.empty(); });
}

void Subscription::on_refusal(Batch batch, const ControlFrame& ack, const Refusal& refusal,
                              Time now) {
  bool explained = false;
  for (const auto& name : refusal.topics) {
    const auto found = index_.find(name);
    if (found == index_.end() || std::erase(batch.topics, found->second) == 0) continue;
    explained = true;
    if (refusal.already_subscribed) {
      set_state(found->second, TopicState::active);
    } else {
      refuse(found->second, ack.ret_msg, now + times_.retry_refused);
    }
  }
  if (explained) return want_again(std::move(batch.topics));
  if (batch.topics.size() == 1) {
    Entry& entry = topics_[batch.topics.front()];
    const auto factor = 1u << std::min(entry.strikes++, 16u);
    refuse(batch.topics.front(), ack.ret_msg,
           now + std::min(times_.retry_unexplained * factor, times_.retry_refused));
    return;
  }
  const auto middle = batch.topics.begin() + static_cast<std::ptrdiff_t>(batch.topics.size() / 2);
  want_again({middle, batch.topics.end()});
  want_again({batch.topics.begin(), middle});
}

void Subscription::on_ack(const ControlFrame& ack, Time now) {
  if (ack.kind != ControlKind::subscribed) return;
  if (!ack.success_topics.empty() || !ack.fail_topics.empty()) return on_topic_lists(ack, now);
  const auto refusal = ack.success ? Refusal{} : parse_refusal(ack.ret_msg);
  const auto found = batch_of(ack, refusal);
  if (found == in_flight_.end()) return;  // its time had run out
  Batch batch = std::move(*found);
  in_flight_.erase(found);
  if (!ack.success) return on_refusal(std::move(batch), ack, refusal, now);
  for (const Index i : batch.topics) {
    set_state(i, TopicState::active);
    topics_[i].strikes = 0;
  }
}

std::optional<Subscription::Time> Subscription::next_time() const {
  std::optional<Time> next;
  const auto consider = [&](Time time) {
    if (!next || time < *next) next = time;
  };
  for (const auto& batch : in_flight_) consider(batch.deadline);
  for (const auto& entry : topics_) {
    if (entry.state == TopicState::refused) consider(entry.retry_at);
  }
  return next;
}

std::vector<RefusedTopic> Subscription::refused() const {
  std::vector<RefusedTopic> list;
  for (const auto& entry : topics_) {
    if (entry.state == TopicState::refused) list.push_back({entry.topic, entry.reason});
  }
  return list;
}

TopicState Subscription::state_of(std::string_view topic) const {
  return topics_[index_.at(std::string(topic))].state;
}

}  // namespace tradelake::bybit
