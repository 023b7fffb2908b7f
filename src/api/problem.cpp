#include "api/problem.h"

#include "iceberg/json_writer.h"

namespace tradelake::api {

Problem to_problem(const Error& error) {
  const bool temporary = error.code == Errc::unavailable || error.code == Errc::conflict;
  return {temporary ? 503 : 500, error.message};
}

Response to_response(const Problem& problem) {
  iceberg::JsonWriter json;
  json.open_object()
      .member("type", std::string_view("about:blank"))
      .member("title", reason_phrase(problem.status))
      .member("status", problem.status)
      .member("detail", problem.detail)
      .close_object();
  return {problem.status, "application/problem+json", std::move(json).take(), {}};
}

std::string reason_phrase(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

std::string shown(std::string_view value) {
  constexpr std::size_t longest = 64;
  return value.size() <= longest ? std::string(value) : std::string(value.substr(0, longest)) + "…";
}

}  // namespace tradelake::api
