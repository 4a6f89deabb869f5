#include "core/model/tensor_json.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "core/model/base64.h"
#include "webai/error.hpp"

namespace webai {
namespace {

void swap_if_big_endian(std::vector<std::byte>& bytes, std::size_t width) {
  if constexpr (std::endian::native == std::endian::big)
    for (auto at = bytes.begin(); at != bytes.end(); at += static_cast<std::ptrdiff_t>(width))
      std::reverse(at, at + static_cast<std::ptrdiff_t>(width));
}

[[noreturn]] void refuse_tensor(const std::string& path, std::string message, std::string expected, std::string actual) {
  throw Error(Code::invalid_argument, {.message = std::move(message),
                                       .reason = "TENSOR_JSON",
                                       .path = path,
                                       .expected = std::move(expected),
                                       .actual = std::move(actual),
                                       .hint = "the form is {\"dataType\": \"fp32\", \"dims\": [2], \"data\": base64 of the bytes}"});
}

const Json& member(const Json& json, std::string_view key, const std::string& path) {
  const Json* found = json.find(key);
  if (!found) refuse_tensor(path, "a tensor has \"" + std::string(key) + "\"", "{dataType, dims, data}", describe(json));
  return *found;
}

}  // namespace

Json tensor_to_json(const Tensor& tensor) {
  std::vector<Json> dims;
  for (const Dimension dim : tensor.shape().dims()) dims.push_back(Json::integer(dim.value()));
  std::vector<std::byte> bytes(tensor.bytes());
  if (!bytes.empty()) std::memcpy(bytes.data(), tensor.data(), bytes.size());
  swap_if_big_endian(bytes, size_of(tensor.type()));
  return Json::object({{"dataType", Json::text(std::string(name_of(tensor.type())))},
                       {"dims", Json::array(std::move(dims))},
                       {"data", Json::text(encode_base64(bytes))}});
}

Tensor tensor_from_json(const Context& context, const Json& json, const std::string& path) {
  const Json& name = member(json, "dataType", path);
  const auto type = name.is_text() ? dtype_from_name(name.as_text()) : std::nullopt;
  if (!type) refuse_tensor(pointer_to(path, "dataType"), "the data type is not known", "\"fp32\" or the like", describe(name));
  const Json& dims = member(json, "dims", path);
  if (!dims.is_array() || dims.size() > Shape::max_rank)
    refuse_tensor(pointer_to(path, "dims"), "dims are an array of lengths", "at most " + std::to_string(Shape::max_rank),
           describe(dims));
  Shape shape;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Json dim = dims.at(i);
    const auto length = dim.is_number() ? dim.as_integer() : std::nullopt;
    if (!length || *length < 0)
      refuse_tensor(pointer_to(pointer_to(path, "dims"), i), "a length is a whole number", "0 or more", describe(dim));
    shape.append(*length);
  }
  const Json& data = member(json, "data", path);
  const std::string at = pointer_to(path, "data");
  if (!data.is_text()) refuse_tensor(at, "the data is a text", "base64", describe(data));
  std::vector<std::byte> bytes = decode_base64(data.as_text(), at);
  const std::size_t width = size_of(*type);
  // The count is compared before anything of that size is taken.
  const auto elements = static_cast<std::uint64_t>(shape.elements());
  if (bytes.size() % width != 0 || bytes.size() / width != elements)
    refuse_tensor(at, "the data has another number of elements than its dims say", shape.text() + " elements",
           std::to_string(bytes.size()) + " bytes");
  swap_if_big_endian(bytes, width);
  Tensor tensor = Tensor::uninitialised(context, *type, shape);
  if (!bytes.empty()) std::memcpy(tensor.data(), bytes.data(), bytes.size());
  return tensor;
}

}  // namespace webai
