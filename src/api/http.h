// A request and an answer, as the routes see them: no sockets, no library.
//
// Threads: values.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace tradelake::api {

struct Request {
  std::string method;
  std::string path;   // decoded, begins with '/'
  std::string query;  // as received, without '?'
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace tradelake::api
