#include "log/kafka_wire.h"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

namespace tradelake::log {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
constexpr std::size_t length_bytes = 4;
constexpr std::uint32_t max_answer_bytes = 16 << 20;

class Socket {
 public:
  Socket(const addrinfo& to, Deadline deadline)
      : deadline_(deadline),
        descriptor_(socket(to.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (descriptor_ < 0) return;
    connected_ = connect(descriptor_, to.ai_addr, to.ai_addrlen) == 0;
    if (connected_ || errno != EINPROGRESS || !ready(POLLOUT)) return;
    int failed = 0;
    socklen_t size = sizeof failed;
    connected_ = getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && failed == 0;
  }
  ~Socket() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  bool connected() const { return connected_; }
  bool send_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto sent = send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      if (sent < 0 && (errno != EAGAIN || !ready(POLLOUT))) return false;
    }
    return true;
  }
  bool receive_all(std::span<char> bytes) const {
    while (!bytes.empty()) {
      const auto got = recv(descriptor_, bytes.data(), bytes.size(), 0);
      if (got > 0) bytes = bytes.subspan(static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && (errno != EAGAIN || !ready(POLLIN)))) return false;
    }
    return true;
  }

 private:
  bool ready(short what) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    pollfd waiting{descriptor_, what, 0};
    return left.count() > 0 && ::poll(&waiting, 1, static_cast<int>(left.count())) > 0;
  }

  Deadline deadline_;
  int descriptor_;
  bool connected_ = false;
};

bool ask(const addrinfo& to, std::string_view request, Deadline deadline, std::string& answer) {
  const Socket socket(to, deadline);
  if (!socket.connected()) return false;
  const auto size = static_cast<std::uint32_t>(request.size());
  const char prefix[length_bytes] = {static_cast<char>(size >> 24), static_cast<char>(size >> 16),
                                     static_cast<char>(size >> 8), static_cast<char>(size)};
  unsigned char length[length_bytes];
  if (!socket.send_all({prefix, length_bytes}) || !socket.send_all(request) ||
      !socket.receive_all({reinterpret_cast<char*>(length), length_bytes}))
    return false;
  const std::uint32_t expected = std::uint32_t{length[0]} << 24 | std::uint32_t{length[1]} << 16 |
                                 std::uint32_t{length[2]} << 8 | length[3];
  if (expected > max_answer_bytes) return false;
  answer.resize(expected);
  return socket.receive_all(answer);
}

}  // namespace

Result<std::string> ask_a_broker(const KafkaAddress& address, std::string_view request,
                                 std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  auto left = static_cast<std::int64_t>(address.brokers.size());
  for (const auto& broker : address.brokers) {
    // One that is silent leaves the others their share of the time.
    const auto now = std::chrono::steady_clock::now();
    const auto until = now + (deadline - now) / left--;
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* list = nullptr;
    if (getaddrinfo(broker.host.c_str(), fmt::to_string(broker.port).c_str(), &hints, &list) != 0)
      continue;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(list, freeaddrinfo);
    for (const auto* to = list; to != nullptr; to = to->ai_next) {
      std::string answer;
      if (ask(*to, request, until, answer)) return answer;
    }
  }
  return make_error(Errc::unavailable, "kafka://{} does not answer", address.bootstrap());
}

}  // namespace tradelake::log
