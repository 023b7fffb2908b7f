// The web page's files, part of the program (assets.S, cmake/WebAssets.cmake).
#pragma once

#include <string_view>

#include "api/http.h"

namespace tradelake::api {

struct Asset {
  std::string_view path;  // as requested: "/", "/assets/app.js"
  std::string_view content_type;
  std::string_view bytes;
};

// nullptr: there is no such file.
const Asset* find_asset(std::string_view path);

// With the headers that keep the page to its own origin.
Response to_response(const Asset& asset);

}  // namespace tradelake::api
