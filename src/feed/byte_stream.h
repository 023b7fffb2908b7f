// One connection's bytes, TCP or TLS, as one type: what stands on it (HTTP, WebSocket) is compiled
// once, not once per kind of stream and completion handler. Beast's templates cost a compiler
// minutes, a sanitizer's build most of all.
//
// Threads: those of the executor; one read and one write at a time. Invariants: an operation whose
// time is up ends with beast::error::timeout; close() ends all of them. May be moved while no
// operation is under way. Does not: reconnect, resolve names. Internal to src/feed: includes Boost.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/role.hpp>

namespace boost::asio::ssl {
class context;
}

namespace tradelake::feed {

// The first few buffers of a sequence. Leaving the others out is allowed: "some" bytes are moved.
template <class Buffer>
class FirstBuffers {
 public:
  using value_type = Buffer;
  using const_iterator = const Buffer*;

  template <class Sequence>
  explicit FirstBuffers(const Sequence& sequence) {
    for (const auto& buffer : boost::beast::buffers_range_ref(sequence)) {
      if (buffer.size() == 0) continue;
      buffers_[count_++] = buffer;
      if (count_ == buffers_.size()) break;
    }
  }
  const_iterator begin() const { return buffers_.data(); }
  const_iterator end() const { return buffers_.data() + count_; }

 private:
  std::array<Buffer, 8> buffers_;
  std::size_t count_ = 0;
};

class ByteStream {
 public:
  using executor_type = boost::asio::any_io_executor;
  using Moved = std::move_only_function<void(boost::system::error_code, std::size_t)>;
  using Ended = std::move_only_function<void(boost::system::error_code)>;
  using Input = FirstBuffers<boost::asio::mutable_buffer>;
  using Output = FirstBuffers<boost::asio::const_buffer>;
  using Rewrite = std::function<void(std::span<unsigned char>)>;

  // TLS if there is a context; it must outlive the stream.
  ByteStream(const executor_type& executor, boost::asio::ssl::context* tls);
  ByteStream(boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);
  ~ByteStream();
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;

  executor_type get_executor();

  // Each throws boost::system::system_error when it fails. The handshakes do nothing on plain TCP.
  boost::asio::awaitable<void> connect(std::vector<boost::asio::ip::tcp::endpoint> addresses);
  boost::asio::awaitable<void> client_handshake(std::string host);  // verifies that it is `host`
  boost::asio::awaitable<void> server_handshake();

  // When the other side's certificate runs out, microseconds since the epoch; nothing on plain TCP.
  std::optional<std::int64_t> certificate_end_us();

  void expires_after(std::chrono::nanoseconds time);
  void expires_never();
  void close();
  void shutdown_send();  // of the socket: TLS is not told

  // Every byte read passes it before anybody else sees it.
  void rewrite_input(Rewrite rewrite);

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Input& input) { read_some(input, Moved(std::move(handler))); },
        token, Input(buffers));
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Output& output) {
          write_some(output, Moved(std::move(handler)));
        },
        token, Output(buffers));
  }

  // What Beast's WebSocket calls to end a connection, found by argument-dependent look-up.
  template <class Handler>
  friend void async_teardown(boost::beast::role_type role, ByteStream& stream, Handler&& handler) {
    stream.tear_down(role, Ended(std::forward<Handler>(handler)));
  }
  friend void beast_close_socket(ByteStream& stream) { stream.close(); }

  class Impl;

 private:
  void read_some(const Input& input, Moved done);
  void write_some(const Output& output, Moved done);
  void tear_down(boost::beast::role_type role, Ended done);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tradelake::feed
