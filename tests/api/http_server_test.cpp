// The server over a real socket, spoken to in raw bytes: what a malformed or slow client gets.
#include "api/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <thread>

namespace tradelake::api {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class Client {
 public:
  explicit Client(std::uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval patience{5, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~Client() { close(socket_); }
  Client(const Client&) = delete;

  void send(std::string_view bytes) const {
    (void)!::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  }
  std::string read_all() const {
    std::string all;
    char buffer[4096];
    for (ssize_t n; (n = recv(socket_, buffer, sizeof buffer, 0)) > 0;)
      all.append(buffer, static_cast<std::size_t>(n));
    return all;
  }

 private:
  int socket_;
};

class HttpServerTest : public testing::Test {
 protected:
  std::string ask(std::string_view bytes) const {
    const Client client(server_->port());
    client.send(bytes);
    return client.read_all();
  }

  static HttpLimits limits() {
    HttpLimits limits;
    limits.connections = 8;
    limits.patience = std::chrono::seconds(1);
    return limits;
  }

  std::unique_ptr<HttpServer> server_ =
      HttpServer::start(
          "127.0.0.1", 0,
          {[](const Request& request) -> std::optional<Response> {
             if (request.path != "/quick") return std::nullopt;
             return Response{200, "text/plain", "quick", {}};
           },
           [](const Request& request) -> Response {
             if (request.path == "/throw") throw std::runtime_error("on purpose");
             if (request.path == "/slow")
               std::this_thread::sleep_for(std::chrono::milliseconds(1500));
             return {
                 200, "text/plain", request.method + " " + request.path + "?" + request.query, {}};
           }},
          limits())
          .value();
};

TEST_F(HttpServerTest, AnswersAndKeepsTheConnection) {
  const auto answer =
      ask("GET /a%20b?x=%31 HTTP/1.1\r\nHost: x\r\n\r\nGET /quick HTTP/1.1\r\nHost: "
          "x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("GET /a b?x=%31"));
  EXPECT_THAT(answer, HasSubstr("\r\n\r\nquick"));
  EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
}

TEST_F(HttpServerTest, HeadHasTheLengthAndNoBody) {
  const auto answer = ask("HEAD /quick HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_THAT(answer, Not(HasSubstr("quick")));
}

TEST_F(HttpServerTest, MalformedRequestsGetAnAnswer) {
  for (const auto* bytes : {"GET\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                            "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                            "GET /%zz HTTP/1.1\r\n\r\n", "GET nothing HTTP/1.1\r\n\r\n"}) {
    const auto answer = ask(bytes);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << bytes;
    EXPECT_THAT(answer, HasSubstr("application/problem+json")) << bytes;
  }
}

TEST_F(HttpServerTest, HeaderAndBodyAreBounded) {
  EXPECT_THAT(ask("GET /" + std::string(40'000, 'a') + " HTTP/1.1\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(40'000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(ask("POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'a')),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, SlowClientsAreCutOff) {
  const Client client(server_->port());
  client.send("GET / HT");
  EXPECT_EQ(client.read_all(), "");
}

TEST_F(HttpServerTest, AnExceptionIsAnAnswer) {
  EXPECT_THAT(ask("GET /throw HTTP/1.1\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(ask("GET /quick HTTP/1.1\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, HealthStaysQuickBehindSlowAnswers) {
  std::vector<std::unique_ptr<Client>> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(std::make_unique<Client>(server_->port()));
    slow.back()->send("GET /slow HTTP/1.1\r\n\r\n");
  }
  const auto begin = std::chrono::steady_clock::now();
  ask("GET /quick HTTP/1.1\r\nConnection: close\r\n\r\n");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(700));
}

TEST_F(HttpServerTest, ConnectionsAreBounded) {
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 8; ++i) idle.push_back(std::make_unique<Client>(server_->port()));
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  EXPECT_THAT(ask(""), StartsWith("HTTP/1.1 503 "));
}

TEST_F(HttpServerTest, APortInUseIsNamed) {
  const auto second = HttpServer::start("127.0.0.1", server_->port(), {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::io);
  EXPECT_THAT(second.error().message,
              HasSubstr(fmt::format("port {} of 127.0.0.1 is in use", server_->port())));
  EXPECT_EQ(HttpServer::start("nowhere.example", 0, {}).error().code, Errc::invalid_argument);
}

TEST_F(HttpServerTest, StopsWithRequestsUnderWay) {
  const Client client(server_->port());
  client.send("GET /slow HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  server_.reset();
}

}  // namespace
}  // namespace tradelake::api
