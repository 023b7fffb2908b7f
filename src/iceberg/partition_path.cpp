// Partition folders as Java names them: only names for people; readers take the manifest's values.
#include <cctype>

#include "iceberg/calendar.h"
#include "iceberg/partition.h"
#include "iceberg/value_text.h"

namespace tradelake::iceberg {
namespace {

// java.net.URLEncoder.
std::string url_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '.' || c == '-' || c == '*' || c == '_') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      out += fmt::format("%{:02X}", byte);
    }
  }
  return out;
}

std::string human_text(const Transform& transform, const Type* source, const Value& value) {
  if (const auto* number = std::get_if<std::int32_t>(&value)) {
    switch (transform.kind) {
      case Transform::Kind::year:
        return fmt::format("{:04}", std::int64_t{*number} + 1970);
      case Transform::Kind::month: {
        const auto year = floor_div(*number, 12);
        return fmt::format("{:04}-{:02}", year + 1970, *number - year * 12 + 1);
      }
      case Transform::Kind::day:
        return date_text(*number);
      case Transform::Kind::hour: {
        const auto day = floor_div(*number, 24);
        return fmt::format("{}-{:02}", date_text(day), *number - day * 24);
      }
      case Transform::Kind::bucket:
        return fmt::format("{}", *number);
      default:
        break;
    }
  }
  return value_text(source != nullptr ? *source : *primitive(TypeKind::string), value);
}

}  // namespace

std::string partition_path(const Schema& schema, const PartitionSpec& spec,
                           const PartitionTuple& tuple) {
  std::string path;
  for (std::size_t i = 0; i < spec.fields.size(); ++i) {
    const auto& field = spec.fields[i];
    const auto* source = schema.find(field.source_id);
    std::string text = "null";
    if (i < tuple.size() && tuple[i]) {
      text = human_text(field.transform, source ? source->type.get() : nullptr, *tuple[i]);
    }
    if (!path.empty()) path.push_back('/');
    path += url_encoded(field.name) + "=" + url_encoded(text);
  }
  return path;
}

}  // namespace tradelake::iceberg
