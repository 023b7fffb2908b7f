// The pyarrow wheel's libparquet exports an OpenSSL and a simdjson of its own. These tests fail
// when the link order lets them win over the system's libraries.
#include <dlfcn.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <simdjson.h>

#include "iceberg/parquet_memory_io.h"
#include "iceberg/parquet_values.h"

namespace tradelake::iceberg {
namespace {

// The file name of the library that a function of this program is bound to.
std::string library_of(const void* function) {
  Dl_info info{};
  if (dladdr(function, &info) == 0) return "(nowhere)";
  return std::filesystem::path(info.dli_fname).filename().string();
}

void write_parquet() {
  const Schema schema{SchemaId{0}, {field(1, "x", primitive(TypeKind::int64))}, {}};
  MemoryIo io;
  const auto file = write_data_file(io, {.uri = "mem:/x.parquet"}, schema,
                                    *to_table(schema, {{std::int64_t{1}}}), {});
  ASSERT_TRUE(file) << file.error().message;
}

TEST(Linking, OpenSslAndSimdjsonComeFromTheSystemNotFromTheWheel) {
  EXPECT_THAT(library_of(reinterpret_cast<const void*>(&EVP_EncryptInit_ex)),
              testing::StartsWith("libcrypto.so"));
  EXPECT_THAT(library_of(reinterpret_cast<const void*>(&SSL_CTX_new)),
              testing::StartsWith("libssl.so"));
  // What libssl itself was bound to is decided by the same order; the dynamic linker tells.
  EXPECT_EQ(dlsym(RTLD_DEFAULT, "EVP_EncryptInit_ex"),
            reinterpret_cast<void*>(&EVP_EncryptInit_ex));
  const auto* simd = static_cast<const void*>(&simdjson::get_active_implementation());
  EXPECT_THAT(library_of(simd), testing::StartsWith("libsimdjson.so"));
}

TEST(Linking, ATlsContextAndAParquetFileInOneProcess) {
  write_parquet();
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  ASSERT_NE(context, nullptr);
  EXPECT_EQ(SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION), 1);
  EXPECT_EQ(SSL_CTX_set_default_verify_paths(context), 1);
  SSL* connection = SSL_new(context);
  ASSERT_NE(connection, nullptr);
  // A ClientHello needs ciphers, key shares and randomness: libssl calling libcrypto for real.
  SSL_set_bio(connection, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_set_connect_state(connection);
  EXPECT_EQ(SSL_get_error(connection, SSL_do_handshake(connection)), SSL_ERROR_WANT_READ);
  EXPECT_GT(BIO_pending(SSL_get_wbio(connection)), 100);
  SSL_free(connection);
  SSL_CTX_free(context);
  write_parquet();
}

TEST(Linking, SimdjsonParsesOnDemandBesideParquet) {
  write_parquet();
  simdjson::ondemand::parser parser;
  const simdjson::padded_string text(
      std::string_view(R"({"data":[{"i":"a","T":1},{"i":"b","T":2}]})"));
  std::string ids;
  auto document = parser.iterate(text);
  for (auto trade : document["data"].get_array()) {
    ids += std::string_view(trade["i"]);
    EXPECT_GT(std::int64_t(trade["T"]), 0);
  }
  EXPECT_EQ(ids, "ab");
}

}  // namespace
}  // namespace tradelake::iceberg
