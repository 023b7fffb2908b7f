#include "feed/ws_connection.h"

#include <deque>
#include <utility>

#include <fmt/format.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>

#include "feed/frame_stream.h"
#include "feed/resolve.h"

namespace tradelake::feed {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;

using PlainStream = websocket::stream<FrameStream<beast::tcp_stream>>;
using TlsStream = websocket::stream<FrameStream<beast::ssl_stream<beast::tcp_stream>>>;

}  // namespace

class WsConnection::Impl {
 public:
  virtual ~Impl() = default;
  virtual void start() = 0;
  virtual void send(std::string text) = 0;
  virtual void close() = 0;
};

namespace {

template <class Stream>
class Connection : public WsConnection::Impl,
                   public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <class... StreamArgs>
  Connection(Endpoint endpoint, std::string path, WsOptions options,
             WsConnection::Listener& listener, StreamArgs&&... stream_args)
      : endpoint_(std::move(endpoint)),
        path_(std::move(path)),
        options_(options),
        listener_(&listener),
        ws_(std::forward<StreamArgs>(stream_args)...) {}

  void start() override {
    auto self = this->shared_from_this();
    asio::co_spawn(
        ws_.get_executor(), [self] { return self->run(); },
        [self](std::exception_ptr failure) {
          if (failure) self->fail(failure);
        });
  }

  void send(std::string text) override {
    outgoing_.push_back(std::move(text));
    if (writing_ || !open_) return;
    writing_ = true;
    asio::co_spawn(
        ws_.get_executor(), [self = this->shared_from_this()] { return self->write(); },
        asio::detached);
  }

  void close() override {
    listener_ = nullptr;
    open_ = false;
    beast::get_lowest_layer(ws_).close();
  }

 private:
  void fail(const std::exception_ptr& failure) {
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      end(error.what());
    }
  }

  void end(std::string_view cause) {
    open_ = false;
    beast::get_lowest_layer(ws_).close();
    if (auto* listener = std::exchange(listener_, nullptr)) listener->on_closed(cause);
  }

  asio::awaitable<void> secure() {
    if constexpr (std::is_same_v<Stream, TlsStream>) {
      auto& tls = ws_.next_layer().next_layer();
      if (!SSL_set_tlsext_host_name(tls.native_handle(), endpoint_.host.c_str())) {
        throw boost::system::system_error(asio::error::invalid_argument, "server name");
      }
      tls.set_verify_callback(asio::ssl::host_name_verification(endpoint_.host));
      beast::get_lowest_layer(ws_).expires_after(options_.connect_timeout);
      co_await tls.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    }
    co_return;
  }

  asio::awaitable<void> open() {
    const auto addresses = co_await resolve(endpoint_, options_.connect_timeout);
    auto& lowest = beast::get_lowest_layer(ws_);
    lowest.expires_after(options_.connect_timeout);
    co_await lowest.async_connect(addresses, asio::use_awaitable);
    lowest.socket().set_option(asio::ip::tcp::no_delay(true));
    co_await secure();
    lowest.expires_never();  // the WebSocket layer has its own time-out from here

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
  Stream ws_;
  bool open_ = false;
  bool writing_ = false;
  std::deque<std::string> outgoing_;
};

}  // namespace

WsConnection::WsConnection(asio::io_context& context, std::shared_ptr<asio::ssl::context> tls,
                           Endpoint endpoint, std::string path, WsOptions options,
                           Listener& listener) {
  if (endpoint.tls) {
    impl_ = std::make_shared<Connection<TlsStream>>(std::move(endpoint), std::move(path), options,
                                                    listener, context, *tls);
  } else {
    impl_ = std::make_shared<Connection<PlainStream>>(std::move(endpoint), std::move(path), options,
                                                      listener, context);
  }
}

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
