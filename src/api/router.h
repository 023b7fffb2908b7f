// From a request to the function that answers it; what nobody answers is a problem.
//
// Threads: any.
#pragma once

#include <optional>

#include "api/http.h"
#include "api/routes.h"

namespace tradelake::api {

// Health and the page's files: from memory, so never behind a slow answer.
std::optional<Response> route_quick(const Request& request);

// Everything else.
Response route(Lake& lake, const Request& request);

}  // namespace tradelake::api
