#include "feed/http_client.h"

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "feed/resolve.h"

namespace tradelake::feed {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

struct Call {
  const Endpoint& endpoint;
  std::string target;
  const HttpOptions& options;
};

template <class Stream>
asio::awaitable<HttpResponse> talk(Stream& stream, const Call& call) {
  http::request<http::empty_body> request(http::verb::get, call.target, 11);
  request.set(http::field::host, call.endpoint.authority());
  request.set(http::field::user_agent, "tradelake");
  request.set(http::field::connection, "close");
  co_await http::async_write(stream, request, asio::use_awaitable);
  http::response_parser<http::string_body> parser;
  parser.body_limit(call.options.max_body_bytes);
  beast::flat_buffer buffer;
  co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
  auto response = parser.release();
  co_return HttpResponse{static_cast<int>(response.result_int()), std::move(response.body())};
}

asio::awaitable<HttpResponse> get(Call call, asio::ssl::context* tls) {
  const auto addresses = co_await resolve(call.endpoint, call.options.timeout);
  const auto executor = co_await asio::this_coro::executor;
  if (tls == nullptr) {
    beast::tcp_stream stream(executor);
    stream.expires_after(call.options.timeout);
    co_await stream.async_connect(addresses, asio::use_awaitable);
    co_return co_await talk(stream, call);
  }
  beast::ssl_stream<beast::tcp_stream> stream(executor, *tls);
  SSL_set_tlsext_host_name(stream.native_handle(), call.endpoint.host.c_str());
  stream.set_verify_callback(asio::ssl::host_name_verification(call.endpoint.host));
  stream.next_layer().expires_after(call.options.timeout);
  co_await stream.next_layer().async_connect(addresses, asio::use_awaitable);
  co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
  co_return co_await talk(stream, call);
}

}  // namespace

Result<HttpResponse> http_get(const Endpoint& endpoint, std::string_view target,
                              const HttpOptions& options) {
  std::shared_ptr<asio::ssl::context> tls;
  if (endpoint.tls) {
    TL_ASSIGN(tls, make_client_tls(options.trust));
  }
  asio::io_context context(1);
  std::optional<HttpResponse> response;
  std::string failure = "timed out";
  asio::co_spawn(context, get({endpoint, std::string(target), options}, tls.get()),
                 [&](std::exception_ptr thrown, HttpResponse received) {
                   if (!thrown) {
                     response = std::move(received);
                     return;
                   }
                   try {
                     std::rethrow_exception(thrown);
                   } catch (const std::exception& error) {
                     failure = error.what();
                   }
                 });
  context.run_for(options.timeout);
  if (response) return *std::move(response);
  return make_error(Errc::unavailable, "GET {}://{}{}: {}", endpoint.tls ? "https" : "http",
                    endpoint.authority(), target, failure);
}

}  // namespace tradelake::feed
