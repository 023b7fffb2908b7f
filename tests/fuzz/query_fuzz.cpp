// The query of a request, and a cursor that a client sends back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "api/query.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tradelake::api;
  const auto query = Query::parse({reinterpret_cast<const char*>(data), size});
  if (!query) {
    if (query.error().status != 400) abort();
    return 0;
  }
  (void)query->integer("limit", 1, 1000);
  (void)query->time_us("start");
  (void)query->one_of("fill", {"none", "prev"});
  (void)query->category();
  (void)query->only({"limit", "start", "fill", "category"});
  return 0;
}
