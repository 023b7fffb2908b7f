// A stream below Beast's WebSocket that passes what is read through TextAsBinary.
//
// Threads: as the stream it wraps. Internal to src/feed: includes Boost.
#pragma once

#include <memory>

#include <boost/asio/compose.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "feed/frame_types.h"

namespace tradelake::feed {

template <class Next>
class FrameStream {
 public:
  using next_layer_type = Next;
  using executor_type = typename Next::executor_type;

  template <class... Args>
  explicit FrameStream(Args&&... args) : next_(std::forward<Args>(args)...) {}

  executor_type get_executor() { return next_.get_executor(); }
  Next& next_layer() { return next_; }
  const Next& next_layer() const { return next_; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_compose<Token, void(boost::system::error_code, std::size_t)>(
        [this, buffers, started = false](auto& self, boost::system::error_code failed = {},
                                         std::size_t bytes = 0) mutable {
          if (!std::exchange(started, true)) {
            next_.async_read_some(buffers, std::move(self));
            return;
          }
          auto left = bytes;
          for (const auto& buffer : boost::beast::buffers_range_ref(buffers)) {
            const auto here = std::min(left, buffer.size());
            types_.pass({static_cast<unsigned char*>(buffer.data()), here});
            left -= here;
          }
          self.complete(failed, bytes);
        },
        token, next_);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return next_.async_write_some(buffers, std::forward<Token>(token));
  }

 private:
  Next next_;
  TextAsBinary types_;
};

// Found by Beast when it ends a connection.
template <class Next>
void teardown(boost::beast::role_type role, FrameStream<Next>& stream,
              boost::system::error_code& failed) {
  using boost::beast::websocket::teardown;
  teardown(role, stream.next_layer(), failed);
}
template <class Next, class Handler>
void async_teardown(boost::beast::role_type role, FrameStream<Next>& stream, Handler&& handler) {
  using boost::beast::websocket::async_teardown;
  async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

}  // namespace tradelake::feed
