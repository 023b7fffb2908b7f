#include "feed/simulator/web_server.h"

#include <chrono>
#include <optional>

#include <spdlog/spdlog.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "feed/listening_socket.h"
#include "feed/simulator/websocket_connection.h"

namespace tradelake::feed {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds request_timeout{30};
constexpr std::string_view path_prefix = "/v5/public/";

std::optional<bybit::Category> category_of(std::string_view target) {
  if (!target.starts_with(path_prefix)) return std::nullopt;
  target.remove_prefix(path_prefix.size());
  return bybit::parse_category(target.substr(0, target.find('?')));
}

}  // namespace

WebServer::WebServer(asio::io_context& context, ConnectionHost& host)
    : context_(context), host_(host), acceptor_(context) {}

WebServer::~WebServer() = default;

Result<> WebServer::listen(const ListenOptions& options) {
  error_code failed;
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return make_error(Errc::invalid_argument, "simulator: TLS needs both a certificate and a key");
  }
  if (!options.tls_cert.empty()) {
    tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    tls_->use_certificate_chain_file(options.tls_cert, failed);
    if (!failed) tls_->use_private_key_file(options.tls_key, asio::ssl::context::pem, failed);
    if (failed) {
      return make_error(Errc::invalid_argument,
                        "simulator: cannot use certificate {} with key {}: {}", options.tls_cert,
                        options.tls_key, failed.message());
    }
  }
  TL_ASSIGN(const auto socket, listen_on(options.host, options.port));
  acceptor_.assign(socket.ipv6 ? tcp::v6() : tcp::v4(), socket.native);
  port_ = socket.port;
  return {};
}

void WebServer::spawn(asio::awaitable<void> work) {
  asio::co_spawn(context_, std::move(work), [](std::exception_ptr failure) {
    try {
      if (failure) std::rethrow_exception(failure);
    } catch (const std::exception& problem) {  // the client's doing, mostly: it went away
      spdlog::debug("event=simulator_connection_failed error=\"{}\"", problem.what());
    }
  });
}

void WebServer::start() {
  spawn(accept());
}

void WebServer::close() {
  error_code ignored;
  acceptor_.close(ignored);
}

asio::awaitable<void> WebServer::accept() {
  for (;;) {
    auto socket = co_await acceptor_.async_accept(asio::use_awaitable);
    socket.set_option(tcp::no_delay(true));
    spawn(serve(ByteStream(std::move(socket), tls_.get())));
  }
}

asio::awaitable<void> WebServer::serve(ByteStream stream) {
  stream.expires_after(request_timeout);
  co_await stream.server_handshake();
  beast::flat_buffer buffer;
  for (bool keep = true; keep;) {
    stream.expires_after(request_timeout);
    UpgradeRequest request;
    co_await http::async_read(stream, buffer, request, asio::use_awaitable);
    const std::string target(request.target());
    const auto category = category_of(target);
    if (beast::websocket::is_upgrade(request) && category) {
      stream.expires_never();
      auto connection = std::make_shared<WebsocketConnection>(
          std::move(stream), host_, host_.on_upgrade(*category), *category);
      co_await connection->run(std::move(request));
      co_return;
    }
    keep = request.keep_alive();
    auto answer = host_.on_get(target);
    http::response<http::string_body> response(static_cast<http::status>(answer.status), 11);
    response.set(http::field::content_type, "application/json");
    response.keep_alive(keep);
    response.body() = std::move(answer.body);
    response.prepare_payload();
    co_await http::async_write(stream, response, asio::use_awaitable);
  }
  stream.close();
}

}  // namespace tradelake::feed
