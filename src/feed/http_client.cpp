#include "feed/http_client.h"

#include <exception>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "feed/byte_stream.h"
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

asio::awaitable<HttpResponse> get(Call call, asio::ssl::context* tls) {
  const auto addresses = co_await resolve(call.endpoint, call.options.timeout);
  ByteStream stream(co_await asio::this_coro::executor, tls);
  stream.expires_after(call.options.timeout);
  co_await stream.connect(addresses);
  co_await stream.client_handshake(call.endpoint.host);

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
  co_return HttpResponse{static_cast<int>(response.result_int()), std::move(response.body()),
                         std::string(response[http::field::date]), stream.certificate_end_us()};
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
