#include "iceberg/arrow_projection.h"

#include <cstring>

#include <arrow/array.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/chunked_array.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <arrow/util/decimal.h>

#include "iceberg/arrow_error.h"
#include "iceberg/arrow_schema.h"

namespace tradelake::iceberg {

namespace {

using ArrayDataPtr = std::shared_ptr<arrow::ArrayData>;

bool is_text(arrow::Type::type id) {
  return arrow::is_base_binary_like(id) || arrow::is_binary_view_like(id);
}

// Promotions of Iceberg, and other spellings of the same values in files that others wrote.
bool convertible(const arrow::DataType& from, const arrow::DataType& to) {
  switch (to.id()) {
    case arrow::Type::INT32:
    case arrow::Type::INT64:
      return arrow::is_signed_integer(from.id()) &&
             arrow::bit_width(from.id()) <= arrow::bit_width(to.id());
    case arrow::Type::DOUBLE:
      return from.id() == arrow::Type::FLOAT;
    case arrow::Type::DECIMAL128: {
      if (!arrow::is_decimal(from.id())) return false;
      const auto& source = static_cast<const arrow::DecimalType&>(from);
      const auto& target = static_cast<const arrow::DecimalType&>(to);
      return source.scale() == target.scale() && source.precision() <= target.precision();
    }
    case arrow::Type::TIMESTAMP:
      return from.id() == arrow::Type::TIMESTAMP &&
             static_cast<const arrow::TimestampType&>(from).timezone().empty() ==
                 static_cast<const arrow::TimestampType&>(to).timezone().empty();
    case arrow::Type::TIME64:
      return arrow::is_time(from.id());
    case arrow::Type::STRING:
    case arrow::Type::BINARY:
      return is_text(from.id());
    default:
      return false;
  }
}

Result<ArrayDataPtr> convert(const NestedField& wanted, const std::shared_ptr<arrow::DataType>& to,
                             const ArrayDataPtr& data) {
  if (data->type->Equals(*to)) return data;
  if (to->id() == arrow::Type::EXTENSION &&
      static_cast<const arrow::ExtensionType&>(*to).storage_type()->Equals(*data->type)) {
    auto copy = data->Copy();
    copy->type = to;
    return copy;
  }
  const auto* dictionary = data->type->id() == arrow::Type::DICTIONARY
                               ? static_cast<const arrow::DictionaryType*>(data->type.get())
                               : nullptr;
  const arrow::DataType& from = dictionary != nullptr ? *dictionary->value_type() : *data->type;
  if (!from.Equals(*to) && !convertible(from, *to)) {
    return make_error(Errc::unsupported,
                      "column '{}' is {} in the file, which cannot be read as {}", wanted.name,
                      from.ToString(), to->ToString());
  }
  arrow::compute::CastOptions options(/*safe=*/true);
  options.allow_time_truncate = true;  // nanoseconds of other writers; the table has microseconds
  TL_ASSIGN(const auto cast, checked(arrow::compute::Cast(*arrow::MakeArray(data), to, options),
                                     fmt::format("converting column '{}'", wanted.name)));
  return cast->data();
}

// A list, whatever width its offsets had where the file was written.
Result<ArrayDataPtr> as_list(const NestedField& wanted, const ArrayDataPtr& data) {
  const auto id = data->type->id();
  if (id != arrow::Type::LARGE_LIST && id != arrow::Type::FIXED_SIZE_LIST) return data;
  TL_ASSIGN(const auto list, checked(arrow::compute::Cast(*arrow::MakeArray(data),
                                                          arrow::list(data->type->field(0))),
                                     fmt::format("converting column '{}'", wanted.name)));
  return list->data();
}

Result<ArrayDataPtr> project_data(const NestedField& wanted, const FileColumn& found,
                                  const ArrayDataPtr& data);

Result<ArrayDataPtr> project_struct(const NestedField& wanted,
                                    const std::shared_ptr<arrow::DataType>& to,
                                    const FileColumn& found, const ArrayDataPtr& data) {
  auto copy = data->Copy();
  copy->type = to;
  copy->child_data.clear();
  for (const NestedField& field : wanted.type->fields) {
    const FileColumn* child = find_column(found.children, field.id);
    if (child == nullptr) {
      // Children are as long as the parent with its offset: the offset is the parent's alone.
      TL_ASSIGN(const auto constant, constant_column(field, {}, data->offset + data->length));
      copy->child_data.push_back(constant->data());
      continue;
    }
    const auto position = static_cast<std::size_t>(child - found.children.data());
    TL_ASSIGN(auto projected, project_data(field, *child, data->child_data[position]));
    copy->child_data.push_back(std::move(projected));
  }
  return copy;
}

Result<ArrayDataPtr> project_data(const NestedField& wanted, const FileColumn& found,
                                  const ArrayDataPtr& in_file) {
  const auto to = to_arrow_type(*wanted.type);
  if (wanted.type->primitive()) return convert(wanted, to, in_file);
  auto data = in_file;
  if (wanted.type->kind == TypeKind::list) {
    TL_ASSIGN(data, as_list(wanted, in_file));
  }
  if (to->id() != data->type->id()) {
    return make_error(Errc::unsupported,
                      "column '{}' is {} in the file, which cannot be read as {}", wanted.name,
                      data->type->ToString(), to->ToString());
  }
  if (wanted.type->kind == TypeKind::structure) return project_struct(wanted, to, found, data);
  auto copy = data->Copy();
  copy->type = to;
  if (wanted.type->kind == TypeKind::list) {
    TL_ASSIGN(copy->child_data[0],
              project_data(wanted.type->fields[0], found.children.at(0), data->child_data[0]));
    return copy;
  }
  auto entries = data->child_data[0]->Copy();
  entries->type = static_cast<const arrow::MapType&>(*to).value_type();
  for (std::size_t i = 0; i < 2; ++i) {
    TL_ASSIGN(entries->child_data[i],
              project_data(wanted.type->fields[i], found.children.at(i), entries->child_data[i]));
  }
  copy->child_data[0] = std::move(entries);
  return copy;
}

std::shared_ptr<arrow::Buffer> buffer_of(const std::string& bytes) {
  return arrow::Buffer::FromString(bytes);
}

}  // namespace

Result<std::shared_ptr<arrow::Scalar>> to_scalar(const Type& type, const Value& value) {
  const auto arrow_type = to_arrow_type(type);
  if (const auto* number = std::get_if<int128_t>(&value)) {
    const auto decimal = arrow::Decimal128(static_cast<std::int64_t>(*number >> 64),
                                           static_cast<std::uint64_t>(*number));
    return std::make_shared<arrow::Decimal128Scalar>(decimal, arrow_type);
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (type.kind == TypeKind::string)
      return std::make_shared<arrow::StringScalar>(buffer_of(*text));
    if (type.kind == TypeKind::binary)
      return std::make_shared<arrow::BinaryScalar>(buffer_of(*text));
    if (type.kind == TypeKind::fixed)
      return std::make_shared<arrow::FixedSizeBinaryScalar>(buffer_of(*text), arrow_type);
    return std::make_shared<arrow::ExtensionScalar>(
        std::make_shared<arrow::FixedSizeBinaryScalar>(buffer_of(*text),
                                                       arrow::fixed_size_binary(16)),
        arrow_type);
  }
  return std::visit(
      [&](const auto& number) -> Result<std::shared_ptr<arrow::Scalar>> {
        if constexpr (std::is_arithmetic_v<std::decay_t<decltype(number)>>) {
          return checked(arrow::MakeScalar(arrow_type, number), "making a constant column");
        } else {
          return make_error(Errc::corrupt, "a partition value is of another type than its column");
        }
      },
      value);
}

Result<std::shared_ptr<arrow::ChunkedArray>> project_column(const NestedField& wanted,
                                                            const FileColumn& found,
                                                            const arrow::ChunkedArray& data) {
  arrow::ArrayVector chunks;
  for (const auto& chunk : data.chunks()) {
    TL_ASSIGN(const auto projected, project_data(wanted, found, chunk->data()));
    chunks.push_back(arrow::MakeArray(projected));
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(chunks), to_arrow_type(*wanted.type));
}

Result<std::shared_ptr<arrow::Array>> constant_column(const NestedField& wanted,
                                                      const std::optional<Value>& value,
                                                      std::int64_t length) {
  if (value) {
    TL_ASSIGN(const auto scalar, to_scalar(*wanted.type, *value));
    return checked(arrow::MakeArrayFromScalar(*scalar, length), "making a constant column");
  }
  if (wanted.required && length > 0) {
    return make_error(Errc::corrupt,
                      "column '{}' (id {}) is required, but the file does not have it", wanted.name,
                      wanted.id.value);
  }
  return checked(arrow::MakeArrayOfNull(to_arrow_type(*wanted.type), length),
                 "making a column of nulls");
}

}  // namespace tradelake::iceberg
