// Which variables say where an S3 server is and who asks, and what is said when they do not.
#include "iceberg/s3_access.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "iceberg/random_id.h"

namespace tradelake::iceberg {
namespace {

using testing::HasSubstr;
using Variables = std::map<std::string, std::string>;

Result<S3Access> access(const Variables& variables) {
  return s3_access([&](const char* name) {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

const Variables usual{{"AWS_ENDPOINT_URL_S3", "http://storage:9000/"},
                      {"AWS_REGION", "eu-west-3"},
                      {"AWS_ACCESS_KEY_ID", "key"},
                      {"AWS_SECRET_ACCESS_KEY", "hidden"}};

Variables with(Variables variables, const Variables& more) {
  for (const auto& [name, value] : more) variables[name] = value;
  return variables;
}

TEST(S3Access, TheUsualVariables) {
  const auto found = *access(with(usual, {{"AWS_SESSION_TOKEN", "token"}}));
  EXPECT_EQ(found.scheme, "http");
  EXPECT_EQ(found.host, "storage:9000");
  EXPECT_EQ(found.region, "eu-west-3");
  EXPECT_EQ(found.access_key, "key");
  EXPECT_EQ(found.secret_key, "hidden");
  EXPECT_EQ(found.session_token, "token");
  EXPECT_EQ(found.shown(), "http://storage:9000");
}

TEST(S3Access, TheirSecondNames) {
  const auto found = *access({{"AWS_ENDPOINT_URL", "https://storage"},
                              {"AWS_DEFAULT_REGION", "x"},
                              {"AWS_ACCESS_KEY_ID", "key"},
                              {"AWS_SECRET_ACCESS_KEY", "hidden"}});
  EXPECT_EQ(found.scheme, "https");
  EXPECT_EQ(found.host, "storage");
  EXPECT_EQ(found.region, "x");
  // The one for S3 wins over the one for all services.
  EXPECT_EQ(access(with(usual, {{"AWS_ENDPOINT_URL", "https://other"}}))->host, "storage:9000");
}

TEST(S3Access, SecretsFromFiles) {
  const auto file = std::filesystem::temp_directory_path() / ("secret-" + random_uuid());
  std::ofstream(file) << "from-a-file\n";
  auto variables = usual;
  variables.erase("AWS_SECRET_ACCESS_KEY");
  variables["AWS_SECRET_ACCESS_KEY_FILE"] = file;
  EXPECT_EQ(access(variables)->secret_key, "from-a-file");
  variables["AWS_SECRET_ACCESS_KEY"] = "from-the-variable";
  EXPECT_EQ(access(variables)->secret_key, "from-the-variable");
  variables.erase("AWS_SECRET_ACCESS_KEY");
  std::filesystem::resize_file(file, 0);
  EXPECT_THAT(access(variables).error().message, HasSubstr("is empty"));
  std::filesystem::remove(file);
  const auto error = access(variables).error();
  EXPECT_EQ(error.code, Errc::invalid_argument);
  EXPECT_THAT(error.message, HasSubstr("AWS_SECRET_ACCESS_KEY_FILE names"));
}

TEST(S3Access, WhatIsMissingIsNamed) {
  for (const auto* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}) {
    const auto error = access(with(usual, {{name, ""}})).error();
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_THAT(error.message, HasSubstr(name));
  }
  EXPECT_EQ(access(with(usual, {{"AWS_REGION", ""}}))->region, "us-east-1");
  const auto error = access(with(usual, {{"AWS_REGION", ""}, {"AWS_ENDPOINT_URL_S3", ""}})).error();
  EXPECT_THAT(error.message, HasSubstr("AWS_REGION"));
}

TEST(S3Access, AnEndpointThatIsNoneIsRefusedUnseen) {
  for (const auto* url : {"storage:9000", "ftp://storage", "http://", "http://u:Hidden9@storage",
                          "http://storage/bucket"}) {
    const auto error = access(with(usual, {{"AWS_ENDPOINT_URL_S3", url}})).error();
    EXPECT_EQ(error.code, Errc::invalid_argument);
    EXPECT_THAT(error.message, testing::Not(HasSubstr("Hidden9")));
  }
}

}  // namespace
}  // namespace tradelake::iceberg
