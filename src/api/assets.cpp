#include "api/assets.h"

#include <algorithm>
#include <array>

#define ASSET(name) extern "C" const char tradelake_asset_##name[], tradelake_asset_##name##_end[];
ASSET(index)
ASSET(style)
ASSET(app)
ASSET(chart)
ASSET(picker)
ASSET(format)
ASSET(api)
ASSET(icon)
ASSET(notice)
ASSET(library)
#undef ASSET

namespace tradelake::api {
namespace {

constexpr std::string_view html = "text/html; charset=utf-8";
constexpr std::string_view script = "text/javascript; charset=utf-8";

// The hash allows the one style element that the chart library makes for its logo; style.css has no
// need of more. tests/web checks that the browser refuses nothing.
constexpr const char* content_security_policy =
    "default-src 'none'; script-src 'self'; style-src 'self' "
    "'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='; "
    "connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'";

const auto& assets() {
#define BYTES(name) std::string_view(tradelake_asset_##name, tradelake_asset_##name##_end)
  static const auto all = std::to_array<Asset>({
      {"/", html, BYTES(index)},
      {"/assets/style.css", "text/css; charset=utf-8", BYTES(style)},
      {"/assets/app.js", script, BYTES(app)},
      {"/assets/chart.js", script, BYTES(chart)},
      {"/assets/picker.js", script, BYTES(picker)},
      {"/assets/format.js", script, BYTES(format)},
      {"/assets/api.js", script, BYTES(api)},
      {"/assets/icon.svg", "image/svg+xml", BYTES(icon)},
      {"/assets/NOTICE", "text/plain; charset=utf-8", BYTES(notice)},
      {"/assets/lightweight-charts.js", script, BYTES(library)},
  });
#undef BYTES
  return all;
}

}  // namespace

const Asset* find_asset(std::string_view path) {
  const auto* found = std::ranges::find(assets(), path, &Asset::path);
  return found == assets().end() ? nullptr : found;
}

Response to_response(const Asset& asset) {
  return {200,
          std::string(asset.content_type),
          std::string(asset.bytes),
          {{"Content-Security-Policy", content_security_policy},
           {"Cross-Origin-Opener-Policy", "same-origin"},
           // The files change with the program, whose version is not in their names.
           {"Cache-Control", "no-cache"}}};
}

}  // namespace tradelake::api
