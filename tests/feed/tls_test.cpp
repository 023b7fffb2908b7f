#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "feed/http_client.h"
#include "live_fixture.h"

namespace tradelake::feed {
namespace {

// A self-signed certificate, its own authority, for the given name.
void make_certificate(const std::string& name, const std::string& cert_path,
                      const std::string& key_path) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -3'600);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3'600);
  X509_set_pubkey(cert, key);
  X509_NAME* subject = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("tradelake test"), -1, -1, 0);
  X509_set_issuer_name(cert, subject);
  for (const auto& [id, value] : {std::pair{NID_basic_constraints, std::string("critical,CA:TRUE")},
                                  std::pair{NID_subject_alt_name, name}}) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
  }
  X509_sign(cert, key, EVP_sha256());
  std::FILE* file = std::fopen(cert_path.c_str(), "wb");
  PEM_write_X509(file, cert);
  std::fclose(file);
  file = std::fopen(key_path.c_str(), "wb");
  PEM_write_PrivateKey(file, key, nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  X509_free(cert);
  EVP_PKEY_free(key);
}

class TlsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ =
        std::filesystem::temp_directory_path() / ("tradelake_tls_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    options_.tls_cert = folder_ / "cert.pem";
    options_.tls_key = folder_ / "key.pem";
    options_.symbols = "linear:3";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  SimulatorOptions options_;
};

TEST_F(TlsTest, FramesArriveOverATrustedCertificate) {
  make_certificate("IP:127.0.0.1", options_.tls_cert, options_.tls_key);
  Simulator simulator(options_);
  ASSERT_TRUE(simulator.start());
  EXPECT_TRUE(simulator.url().starts_with("wss://"));
  const TlsTrust trust{options_.tls_cert};
  const auto time =
      http_get(simulator.endpoint(), "/v5/market/time", {std::chrono::seconds(5), trust, 1'000});
  ASSERT_TRUE(time) << time.error().message;
  EXPECT_EQ(time->status, 200);

  BybitSourceOptions client;
  client.websocket = simulator.endpoint();
  client.markets = {{bybit::Category::linear, "BTCUSDT"}};
  client.trust = trust;
  client.times = short_times();
  KeepingSink sink;
  BybitSource source(client);
  ASSERT_TRUE(source.start(sink));
  EXPECT_TRUE(eventually([&] { return sink.size() > 20; })) << source.status().last_error;
  simulator.inject(Fault::drop);
  EXPECT_TRUE(
      eventually([&] { return source.status().reconnects > 0 && source.status().connected == 1; }));
  source.stop();
}

TEST_F(TlsTest, ACertificateForAnotherHostOrOfAnUnknownAuthorityIsRefused) {
  make_certificate("DNS:stream.example.com", options_.tls_cert, options_.tls_key);
  Simulator simulator(options_);
  ASSERT_TRUE(simulator.start());
  for (const auto& trust : {TlsTrust{options_.tls_cert}, TlsTrust{}}) {
    const auto answer =
        http_get(simulator.endpoint(), "/v5/market/time", {std::chrono::seconds(5), trust, 1'000});
    ASSERT_FALSE(answer);
    EXPECT_NE(answer.error().message.find("certificate verify failed"), std::string::npos)
        << answer.error().message;
    BybitSourceOptions client;
    client.websocket = simulator.endpoint();
    client.markets = {{bybit::Category::linear, "BTCUSDT"}};
    client.trust = trust;
    client.times = short_times();
    KeepingSink sink;
    BybitSource source(client);
    ASSERT_TRUE(source.start(sink));
    EXPECT_TRUE(eventually([&] { return source.status().reconnects > 2; }));
    EXPECT_NE(source.status().last_error.find("certificate verify failed"), std::string::npos);
    EXPECT_EQ(sink.size(), 0u);
    source.stop();
  }
  EXPECT_EQ(simulator.status().accepted, 0u);
}

TEST_F(TlsTest, AMissingAuthorityFileIsNamed) {
  const auto answer =
      http_get({true, "127.0.0.1", 1}, "/", {std::chrono::seconds(1), {"/nowhere/ca.pem"}, 1'000});
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().message.find("/nowhere/ca.pem"), std::string::npos);
}

}  // namespace
}  // namespace tradelake::feed
