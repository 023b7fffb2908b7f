#include "api/http_server.h"

#include <atomic>
#include <thread>

#include <spdlog/spdlog.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "api/problem.h"
#include "api/query.h"
#include "feed/listening_socket.h"

namespace tradelake::api {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::seconds linger{2};
constexpr std::chrono::milliseconds accept_again{100};

// What all connections share; outlives them.
struct Shared {
  Handlers handlers;
  HttpLimits limits;
  asio::thread_pool& workers;
  std::atomic<std::size_t> connections = 0;
};

// The answer to bytes that are no acceptable request; nothing if the client just went away.
std::optional<Problem> problem_of(const error_code& failed, const HttpLimits& limits) {
  if (failed == http::error::header_limit || failed == http::error::buffer_overflow) {
    return Problem{431, fmt::format("the request's header is too large; allowed: {} bytes",
                                    limits.header_bytes)};
  }
  if (failed == http::error::body_limit) {
    return Problem{
        413, fmt::format("the request's body is too large; allowed: {} bytes", limits.body_bytes)};
  }
  if (failed == http::error::end_of_stream || failed == http::error::partial_message)
    return std::nullopt;
  if (failed.category() != make_error_code(http::error::bad_target).category()) return std::nullopt;
  return Problem{400, fmt::format("this is not HTTP/1.1: {}", failed.message())};
}

// The path of a target, decoded, and its query.
std::optional<Request> to_request(std::string_view method, std::string_view target) {
  if (const auto scheme = target.find("://");
      scheme != std::string_view::npos && !target.starts_with('/')) {
    const auto path = target.find('/', scheme + 3);
    target = path == std::string_view::npos ? "/" : target.substr(path);
  }
  const auto question = std::min(target.find('?'), target.size());
  auto path = percent_decode(target.substr(0, question), false);
  if (!path || !path->starts_with('/')) return std::nullopt;
  auto query = target.substr(std::min(question + 1, target.size()));
  return Request{std::string(method), *std::move(path), std::string(query)};
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Shared& shared) : stream_(std::move(socket)), shared_(shared) {
    ++shared_.connections;
  }
  ~Session() { --shared_.connections; }

  void start() {
    if (shared_.connections > shared_.limits.connections) {
      keep_alive_ = false;
      answer(to_response(
          {503, fmt::format("too many connections; allowed: {}", shared_.limits.connections)}));
    } else {
      read();
    }
  }

 private:
  void read() {
    parser_.emplace();
    parser_->header_limit(shared_.limits.header_bytes);
    parser_->body_limit(shared_.limits.body_bytes);
    stream_.expires_after(shared_.limits.patience);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](const error_code& failed, std::size_t) {
                       self->on_read(failed);
                     });
  }

  void on_read(const error_code& failed) {
    keep_alive_ = false;
    head_ = false;
    if (failed) {
      if (const auto problem = problem_of(failed, shared_.limits)) {
        answer(to_response(*problem));
      } else {
        close();
      }
      return;
    }
    const auto& message = parser_->get();
    auto request = to_request(message.method_string(), message.target());
    keep_alive_ = message.keep_alive();
    head_ = message.method() == http::verb::head;
    if (!request) {
      answer(to_response(
          {400, fmt::format("the target is '{}'; allowed: a path that begins with /, with % only "
                            "before two hexadecimal digits",
                            shown(std::string_view(message.target())))}));
      return;
    }
    handle(*std::move(request));
  }

  void handle(Request request) {
    stream_.expires_never();
    if (auto response = shared_.handlers.quick(request)) {
      answer(*std::move(response));
      return;
    }
    asio::post(shared_.workers, [self = shared_from_this(), request = std::move(request)] {
      auto response = std::make_shared<Response>();
      try {
        *response = self->shared_.handlers.slow(request);
      } catch (const std::exception& problem) {
        spdlog::error("event=request_failed path={} error=\"{}\"", request.path, problem.what());
        *response = to_response({500, "the server could not answer; its log says why"});
      }
      asio::post(self->stream_.get_executor(),
                 [self, response] { self->answer(std::move(*response)); });
    });
  }

  void answer(Response response) {
    message_ = {};
    message_.version(11);
    message_.result(static_cast<unsigned>(response.status));
    message_.set(http::field::server, "tradelake");
    message_.set(http::field::content_type, response.content_type);
    message_.set("X-Content-Type-Options", "nosniff");
    message_.set("Referrer-Policy", "no-referrer");
    for (const auto& [name, value] : response.headers) message_.set(name, value);
    message_.keep_alive(keep_alive_);
    message_.content_length(response.body.size());
    if (!head_) message_.body() = std::move(response.body);
    stream_.expires_after(shared_.limits.patience);
    http::async_write(stream_, message_,
                      [self = shared_from_this()](const error_code& failed, std::size_t) {
                        if (failed) {
                          self->close();
                        } else if (self->keep_alive_) {
                          self->read();
                        } else {
                          self->finish();
                        }
                      });
  }

  // Closing with unread bytes would take the answer away from the client: read on for a moment.
  void finish() {
    error_code ignored;
    stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.expires_after(linger);
    drain();
  }
  void drain() {
    buffer_.clear();
    stream_.async_read_some(
        buffer_.prepare(std::size_t{16} << 10),
        [self = shared_from_this()](const error_code& failed, std::size_t bytes) {
          self->drained_ += bytes;
          if (failed || self->drained_ > self->shared_.limits.body_bytes * 16) {
            self->close();
          } else {
            self->drain();
          }
        });
  }

  void close() { stream_.close(); }

  beast::tcp_stream stream_;
  Shared& shared_;
  beast::flat_buffer buffer_{std::size_t{256} << 10};
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> message_;
  bool keep_alive_ = false;
  bool head_ = false;
  std::uint64_t drained_ = 0;
};

class HttpServerImpl : public HttpServer {
 public:
  HttpServerImpl(Handlers handlers, const HttpLimits& limits)
      : shared_{std::move(handlers), limits, workers_},
        acceptor_(context_),
        retry_(context_),
        workers_(limits.workers) {}

  ~HttpServerImpl() override {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    workers_.stop();
    workers_.join();
  }

  Result<> listen(const std::string& host, std::uint16_t port) {
    TL_ASSIGN(const auto socket, feed::listen_on(host, port));
    acceptor_.assign(socket.ipv6 ? tcp::v6() : tcp::v4(), socket.native);
    port_ = socket.port;
    accept();
    thread_ = std::thread([this] { run(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }

 private:
  void run() {
    while (!context_.stopped()) {
      try {
        context_.run();
      } catch (const std::exception& problem) {  // memory, mostly: one connection's loss
        spdlog::error("event=connection_failed error=\"{}\"", problem.what());
      }
    }
  }

  void accept() {
    acceptor_.async_accept([this](const error_code& failed, tcp::socket socket) {
      if (!failed) {
        error_code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::make_shared<Session>(std::move(socket), shared_)->start();
        accept();
        return;
      }
      // Out of file descriptors, mostly: connections that end give some back.
      spdlog::warn("event=accept_failed error=\"{}\"", failed.message());
      retry_.expires_after(accept_again);
      retry_.async_wait([this](const error_code& stopped) {
        if (!stopped) accept();
      });
    });
  }

  // Destroyed from below: workers hold sessions, sessions use the context and what is shared.
  Shared shared_;
  asio::io_context context_{1};
  tcp::acceptor acceptor_;
  asio::steady_timer retry_;
  asio::thread_pool workers_;
  std::thread thread_;
  std::uint16_t port_ = 0;
};

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& host, std::uint16_t port,
                                                      Handlers handlers, const HttpLimits& limits) {
  auto server = std::make_unique<HttpServerImpl>(std::move(handlers), limits);
  TL_TRY(server->listen(host, port));
  return server;
}

}  // namespace tradelake::api
