// The catalog in PostgreSQL, and what becomes of a COMMIT that is not answered. Needs a server: its
// address in TRADELAKE_TEST_POSTGRES (scripts/test.sh starts one), its password in PGPASSWORD.
#include <gtest/gtest.h>

#include <cstdlib>

#include "cutting_proxy.h"
#include "iceberg/catalog.h"
#include "iceberg/random_id.h"

namespace tradelake::iceberg {
namespace {

using test::CuttingProxy;

const TableIdent trades{"bronze", "trades"};

ProgressRow row(std::int64_t next_offset) {
  ProgressRow made;
  made.topic = "t";
  made.next_offset = next_offset;
  made.topic_id = "id";
  return made;
}

CatalogCommit step(int from) {
  CatalogCommit commit;
  commit.swaps = {{trades, fmt::format("m{}", from), fmt::format("m{}", from + 1)}};
  commit.pipeline = "sink";
  if (from == 0) {
    commit.progress = {{std::nullopt, row(1)}};
  } else {
    commit.progress = {{row(from), row(from + 1)}};
  }
  commit.table_commits = {{trades, fmt::format("c{}", from)}};
  return commit;
}

class PostgresCatalog : public testing::Test {
 protected:
  void SetUp() override {
    const char* address = std::getenv("TRADELAKE_TEST_POSTGRES");
    if (address == nullptr) GTEST_SKIP() << "no server: TRADELAKE_TEST_POSTGRES is not set";
    address_ = address;
    const auto colon = address_.rfind(':');
    proxy_.emplace(static_cast<std::uint16_t>(std::stoi(address_.substr(colon + 1))));
    auto through = address_;
    const auto slash = through.find('/', colon);
    through.replace(colon + 1, slash - colon - 1, std::to_string(proxy_->port()));
    auto opened = open_postgres_catalog(through, name_);
    ASSERT_TRUE(opened) << opened.error().message;
    catalog_ = *std::move(opened);
    ASSERT_TRUE(catalog_->create_table(trades, "m0"));
  }

  void expect_at(int n) {
    EXPECT_EQ(*catalog_->metadata_location(trades), fmt::format("m{}", n));
    EXPECT_EQ(catalog_->progress("sink")->at(0).next_offset, n);
    EXPECT_EQ(catalog_->table_commits("sink")->at(0).commit_id, fmt::format("c{}", n - 1));
  }

  const std::string name_ = random_uuid();  // of the catalog, so that tests do not meet
  std::string address_;
  std::optional<CuttingProxy> proxy_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(PostgresCatalog, MovesPointersAndProgressTogetherAndFences) {
  ASSERT_TRUE(catalog_->commit(step(0)));
  ASSERT_TRUE(catalog_->commit(step(1)));
  expect_at(2);
  EXPECT_EQ(catalog_->commit(step(1)).error().code, Errc::fenced);
  EXPECT_EQ(catalog_->commit(step(0)).error().code, Errc::fenced);
  auto moved = step(2);
  moved.swaps[0].expected_location = "elsewhere";
  EXPECT_EQ(catalog_->commit(moved).error().code, Errc::conflict);
  expect_at(2);
  EXPECT_EQ(catalog_->create_table(trades, "x").error().code, Errc::already_exists);
  EXPECT_EQ(catalog_->metadata_location({"bronze", "none"}).error().code, Errc::not_found);
  EXPECT_EQ(*catalog_->list_tables(), std::vector<TableIdent>{trades});
}

TEST_F(PostgresCatalog, ACommitThatWasCarriedOutAndNotAnsweredIsFoundOut) {
  for (int n = 0; n < 3; ++n) {
    proxy_->cut_next(CuttingProxy::Cut::after_commit);
    const auto done = catalog_->commit(step(n));
    ASSERT_TRUE(done) << done.error().message;
    expect_at(n + 1);
  }
  EXPECT_EQ(proxy_->cuts(), 3);
}

TEST_F(PostgresCatalog, ACommitThatNeverArrivedIsDefinitelyNot) {
  for (int n = 0; n < 3; ++n) {
    proxy_->cut_next(CuttingProxy::Cut::before_commit);
    const auto lost = catalog_->commit(step(n));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, Errc::unavailable) << lost.error().message;
    if (n == 0) {
      EXPECT_TRUE(catalog_->progress("sink")->empty());
    } else {
      expect_at(n);
    }
    ASSERT_TRUE(catalog_->commit(step(n)));
    expect_at(n + 1);
  }
}

TEST_F(PostgresCatalog, AnUnansweredCommitIsFoundOutAlsoWhenAnotherWriterHasMovedOn) {
  auto other = *open_postgres_catalog(address_, name_);
  ASSERT_TRUE(catalog_->commit(step(0)));
  // Offsets alone, as after repeats only; the pointer is moved by somebody else.
  auto commit = step(1);
  proxy_->cut_next(CuttingProxy::Cut::after_commit);
  ASSERT_TRUE(catalog_->commit(commit));
  CatalogCommit foreign;
  foreign.swaps = {{trades, "m2", "foreign"}};
  ASSERT_TRUE(other->commit(foreign));
  CatalogCommit ours = step(2);
  EXPECT_EQ(catalog_->commit(ours).error().code, Errc::conflict);
  ours.swaps[0].expected_location = "foreign";
  proxy_->cut_next(CuttingProxy::Cut::after_commit);
  EXPECT_TRUE(catalog_->commit(ours));
}

TEST(PostgresAddress, WithAPasswordIsRefusedWithoutShowingIt) {
  for (const auto* address : {"postgresql://user:Secret7@127.0.0.1:1/db",
                              "postgresql://user@127.0.0.1:1/db?password=Secret7"}) {
    const auto refused = open_postgres_catalog(address, "c");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
    EXPECT_EQ(refused.error().message.find("Secret7"), std::string::npos);
  }
  EXPECT_EQ(open_postgres_catalog("mysql://x", "c").error().code, Errc::invalid_argument);
  EXPECT_EQ(open_postgres_catalog("postgresql://nobody@127.0.0.1:1/db", "c").error().code,
            Errc::unavailable);
}

}  // namespace
}  // namespace tradelake::iceberg
