#include "feed/ws_connection.h"

#include <deque>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "feed/byte_stream.h"
#include "feed/frame_types.h"
#include "feed/resolve.h"

namespace tradelake::feed {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

class WsConnection::Impl : public std::enable_shared_from_this<WsConnection::Impl> {
 public:
  Impl(asio::io_context& context, std::shared_ptr<asio::ssl::context> tls, Endpoint endpoint,
       std::string path, WsOptions options, WsConnection::Listener& listener)
      : endpoint_(std::move(endpoint)),
        path_(std::move(path)),
        options_(options),
        listener_(&listener),
        tls_(endpoint_.tls ? std::move(tls) : nullptr),
        ws_(ByteStream(context.get_executor(), tls_.get())) {
    bytes().rewrite_input(
        [types = TextAsBinary()](std::span<unsigned char> input) mutable { types.pass(input); });
  }

  void start() {
    asio::co_spawn(
        ws_.get_executor(), [self = shared_from_this()] { return self->run(); },
        [self = shared_from_this()](std::exception_ptr failure) {
          if (failure) self->fail(failure);
        });
  }

  void send(std::string text) {
    outgoing_.push_back(std::move(text));
    if (writing_ || !open_) return;
    writing_ = true;
    asio::co_spawn(
        ws_.get_executor(), [self = shared_from_this()] { return self->write(); }, asio::detached);
  }

  void close() {
    listener_ = nullptr;
    open_ = false;
    bytes().close();
  }

 private:
  ByteStream& bytes() { return ws_.next_layer(); }

  void fail(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      end(error.what());
    }
  }

  void end(std::string_view cause) {
    open_ = false;
    bytes().close();
    if (auto* listener = std::exchange(listener_, nullptr)) listener->on_closed(cause);
  }

  asio::awaitable<void> open() {
    const auto addresses = co_await resolve(endpoint_, options_.connect_timeout);
    bytes().expires_after(options_.connect_timeout);
    co_await bytes().connect(addresses);
    bytes().expires_after(options_.connect_timeout);
    co_await bytes().client_handshake(endpoint_.host);
    bytes().expires_never();  // the WebSocket layer has its own time-out from here

    websocket::stream_base::timeout timeouts{options_.connect_timeout,
                                             websocket::stream_base::none(), false};
    ws_.set_option(timeouts);
    ws_.set_option(websocket::stream_base::decorator([](websocket::request_type& request) {
      request.set(beast::http::field::user_agent, "tradelake");
    }));
    ws_.read_message_max(options_.max_message_bytes);
    ws_.control_callback([this](websocket::frame_type, std::string_view) {
      if (listener_) listener_->on_sign_of_life();
    });
    co_await ws_.async_handshake(endpoint_.authority(), path_, asio::use_awaitable);
  }

  asio::awaitable<void> run() {
    co_await open();
    if (!listener_) co_return;
    open_ = true;
    listener_->on_open();
    beast::flat_buffer buffer;
    while (listener_) {
      error_code failed;
      co_await ws_.async_read(buffer, asio::redirect_error(asio::use_awaitable, failed));
      if (failed) {
        end(cause_of(failed));
        co_return;
      }
      const auto data = buffer.cdata();
      if (listener_) listener_->on_frame({static_cast<const char*>(data.data()), data.size()});
      buffer.consume(buffer.size());
    }
  }

  std::string cause_of(const error_code& failed) const {
    if (failed != websocket::error::closed) return failed.message();
    const auto& reason = ws_.reason();
    const std::string_view text(reason.reason.data(), reason.reason.size());
    return fmt::format("closed by the exchange, code {}{}{}", reason.code, text.empty() ? "" : " ",
                       text);
  }

  // One write at a time, as Beast demands. A failure shows in the reading as well.
  asio::awaitable<void> write() {
    error_code failed;
    while (!failed && open_ && !outgoing_.empty()) {
      const std::string text = std::move(outgoing_.front());
      outgoing_.pop_front();
      ws_.text(true);
      co_await ws_.async_write(asio::buffer(text),
                               asio::redirect_error(asio::use_awaitable, failed));
    }
    writing_ = false;
  }

  Endpoint endpoint_;
  std::string path_;
  WsOptions options_;
  WsConnection::Listener* listener_;
  std::shared_ptr<asio::ssl::context> tls_;
  websocket::stream<ByteStream> ws_;
  bool open_ = false;
  bool writing_ = false;
  std::deque<std::string> outgoing_;
};

WsConnection::WsConnection(asio::io_context& context, std::shared_ptr<asio::ssl::context> tls,
                           Endpoint endpoint, std::string path, WsOptions options,
                           Listener& listener)
    : impl_(std::make_shared<Impl>(context, std::move(tls), std::move(endpoint), std::move(path),
                                   options, listener)) {}

WsConnection::~WsConnection() {
  close();
}
void WsConnection::start() {
  impl_->start();
}
void WsConnection::send(std::string text) {
  impl_->send(std::move(text));
}
void WsConnection::close() {
  impl_->close();
}

}  // namespace tradelake::feed
