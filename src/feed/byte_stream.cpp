#include "feed/byte_stream.h"

#include <ctime>
#include <optional>
#include <utility>
#include <variant>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/teardown.hpp>

#include "core/time.h"

namespace tradelake::feed {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;
using TlsStream = beast::ssl_stream<beast::tcp_stream>;

class ByteStream::Impl {
 public:
  template <class Socket>
  Impl(Socket&& socket, asio::ssl::context* tls) {
    if (tls != nullptr) {
      stream_.emplace<TlsStream>(std::forward<Socket>(socket), *tls);
    } else {
      stream_.emplace<beast::tcp_stream>(std::forward<Socket>(socket));
    }
  }

  beast::tcp_stream& tcp() {
    if (auto* encrypted = tls()) return encrypted->next_layer();
    return std::get<beast::tcp_stream>(stream_);
  }
  TlsStream* tls() { return std::get_if<TlsStream>(&stream_); }

  template <class Work>
  void with_stream(Work work) {
    if (auto* encrypted = tls()) {
      work(*encrypted);
    } else {
      work(std::get<beast::tcp_stream>(stream_));
    }
  }

  void rewrite(const Input& input, std::size_t bytes) const {
    if (!rewrite_) return;
    for (const auto& buffer : input) {
      const auto here = std::min(bytes, buffer.size());
      rewrite_({static_cast<unsigned char*>(buffer.data()), here});
      bytes -= here;
    }
  }

  Rewrite rewrite_;

 private:
  std::variant<std::monostate, beast::tcp_stream, TlsStream> stream_;
};

ByteStream::ByteStream(const executor_type& executor, asio::ssl::context* tls)
    : impl_(std::make_unique<Impl>(executor, tls)) {}
ByteStream::ByteStream(tcp::socket socket, asio::ssl::context* tls)
    : impl_(std::make_unique<Impl>(std::move(socket), tls)) {}
ByteStream::~ByteStream() = default;
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;

ByteStream::executor_type ByteStream::get_executor() {
  return impl_->tcp().get_executor();
}

asio::awaitable<void> ByteStream::connect(std::vector<tcp::endpoint> addresses) {
  co_await impl_->tcp().async_connect(addresses, asio::use_awaitable);
  impl_->tcp().socket().set_option(tcp::no_delay(true));
}

asio::awaitable<void> ByteStream::client_handshake(std::string host) {
  auto* tls = impl_->tls();
  if (tls == nullptr) co_return;
  if (!SSL_set_tlsext_host_name(tls->native_handle(), host.c_str())) {
    throw boost::system::system_error(asio::error::invalid_argument, "server name");
  }
  tls->set_verify_callback(asio::ssl::host_name_verification(host));
  co_await tls->async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
}

std::optional<std::int64_t> ByteStream::certificate_end_us() {
  auto* tls = impl_->tls();
  if (tls == nullptr) return std::nullopt;
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get1_peer_certificate(tls->native_handle()), X509_free);
  std::tm end{};
  if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1)
    return std::nullopt;
  return std::int64_t{::timegm(&end)} * us_per_second;
}

asio::awaitable<void> ByteStream::server_handshake() {
  if (auto* tls = impl_->tls()) {
    co_await tls->async_handshake(asio::ssl::stream_base::server, asio::use_awaitable);
  }
}

void ByteStream::expires_after(std::chrono::nanoseconds time) {
  impl_->tcp().expires_after(time);
}
void ByteStream::expires_never() {
  impl_->tcp().expires_never();
}
void ByteStream::close() {
  impl_->tcp().close();
}
void ByteStream::shutdown_send() {
  error_code ignored;
  impl_->tcp().socket().shutdown(tcp::socket::shutdown_send, ignored);
}
void ByteStream::rewrite_input(Rewrite rewrite) {
  impl_->rewrite_ = std::move(rewrite);
}

void ByteStream::read_some(const Input& input, Moved done) {
  impl_->with_stream([&](auto& stream) {
    stream.async_read_some(input, [impl = impl_.get(), input, done = std::move(done)](
                                      error_code failed, std::size_t bytes) mutable {
      if (bytes > 0) impl->rewrite(input, bytes);
      done(failed, bytes);
    });
  });
}

void ByteStream::write_some(const Output& output, Moved done) {
  impl_->with_stream([&](auto& stream) { stream.async_write_some(output, std::move(done)); });
}

void ByteStream::tear_down(beast::role_type role, Ended done) {
  using beast::websocket::async_teardown;
  impl_->with_stream([&](auto& stream) { async_teardown(role, stream, std::move(done)); });
}

}  // namespace tradelake::feed
