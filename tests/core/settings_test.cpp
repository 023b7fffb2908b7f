#include "core/settings.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "core/time.h"

namespace tradelake {
namespace {

Result<Settings> load(std::map<std::string, std::string> flags, const std::string& toml = "",
                      std::map<std::string, std::string> environment = {}) {
  std::string file;
  if (!toml.empty()) {
    file = std::filesystem::temp_directory_path() / fmt::format("settings-{}.toml", now_ns());
    std::ofstream(file) << toml;
  }
  return Settings::load(flags, file, [&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(Settings, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::string toml = "data_dir = '/file'\n[commit]\nmax_rows = 7\ninterval = '2m'\n";
  const auto settings = load({{"data_dir", "/flag"}}, toml,
                             {{"TRADELAKE_COMMIT_MAX_ROWS", "8"}, {"TRADELAKE_DATA_DIR", "/env"}});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ(settings->text("data_dir"), "/flag");
  EXPECT_EQ(settings->origin("data_dir"), SettingOrigin::flag);
  EXPECT_EQ(settings->integer("commit.max_rows"), 8);
  EXPECT_EQ(settings->duration_us("commit.interval"), 2 * us_per_minute);
  EXPECT_EQ(settings->origin("commit.interval"), SettingOrigin::file);
  EXPECT_EQ(settings->bytes("commit.max_bytes"), 64 << 20);
}

TEST(Settings, TakesTrueAndFalseAsTomlHasThemAndAsText) {
  EXPECT_TRUE(load({})->boolean("collect.klines"));
  EXPECT_FALSE(load({}, "[collect]\nklines = false\n")->boolean("collect.klines"));
  EXPECT_FALSE(load({}, "", {{"TRADELAKE_COLLECT_KLINES", "false"}})->boolean("collect.klines"));
  EXPECT_TRUE(load({}, "[collect]\nklines = 'true'\n")->boolean("collect.klines"));
  EXPECT_EQ(load({{"collect.klines", "yes"}}).error().message,
            "command line: collect.klines is 'yes'; allowed: true or false");
  EXPECT_EQ(load({}, "[commit]\nmax_rows = true\n").error().code, Errc::invalid_argument);
}

TEST(Settings, SaysTheKeyTheValueAndWhatIsAllowed) {
  EXPECT_EQ(load({{"commit.interval", "soon"}}).error().message,
            "command line: commit.interval is 'soon'; allowed: a number with us, ms, s, m, h or d, "
            "such as 5s");
  EXPECT_NE(load({}, "[commit]\nmax_row = 1\n")
                .error()
                .message.find("the nearest known one is commit.max_rows"),
            std::string::npos);
  EXPECT_EQ(load({}, "x = [").error().code, Errc::invalid_argument);
  EXPECT_EQ(load({{"commit.max_rows", "-1"}}).error().code, Errc::invalid_argument);
  EXPECT_EQ(load({{"commit.max_bytes", "99999999999GiB"}}).error().code, Errc::invalid_argument);
}

}  // namespace
}  // namespace tradelake
