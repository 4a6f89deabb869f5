#include "capi/json.h"

#include <bit>

#include "capi/guard.h"
#include "capi/options.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

// The element index a {"$leaf": i} names, if this object is one.
const Json* leaf_of(const Json& json) {
  if (!json.is_object() || json.size() != 1) return nullptr;
  return json.find("$leaf");
}

class Reader {
 public:
  Reader(webai_context& context, std::span<webai_value* const> leaves) : context_(context), leaves_(leaves) {}

  Value read(const Json& json) const {
    switch (json.kind()) {
      case Json::Kind::null:
        return {};
      case Json::Kind::boolean:
        return make_boolean(context_, json.as_boolean());
      case Json::Kind::number:
        return make_number(context_, json.as_number());
      case Json::Kind::text:
        return make_text(context_, json.as_text());
      case Json::Kind::array:
        return read_array(json);
      case Json::Kind::object:
        return read_object(json);
    }
    return {};
  }

 private:
  Value read_array(const Json& json) const {
    if (json.is_packed()) {
      const std::span<const double> numbers = json.as_numbers();
      if (!numbers.empty()) return make_numbers(context_, {numbers.begin(), numbers.end()});
    }
    std::vector<Value> items;
    items.reserve(json.size());
    for (std::size_t i = 0; i < json.size(); ++i) items.push_back(read(json.at(i)));
    return make_list(context_, std::move(items));
  }

  Value read_object(const Json& json) const {
    if (const Json* const leaf = leaves_.empty() ? nullptr : leaf_of(json)) {
      const std::optional<std::int64_t> index = leaf->is_number() ? leaf->as_integer() : std::nullopt;
      if (!index || *index < 0 || static_cast<std::uint64_t>(*index) >= leaves_.size())
        refuse(Code::invalid_argument, "LEAF",
               "a \"$leaf\" must be a whole number below " + std::to_string(leaves_.size()) + ", the number of leaves");
      return Value::share(leaves_[static_cast<std::size_t>(*index)]);
    }
    std::vector<Map::Entry> entries;
    entries.reserve(json.members().size());
    for (const Json::Member& member : json.members()) entries.emplace_back(member.first, read(member.second));
    return make_map(context_, std::move(entries));
  }

  webai_context& context_;
  std::span<webai_value* const> leaves_;
};

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (i < count ? std::to_integer<std::uint32_t>(bytes[at + i]) : 0);
    for (std::size_t i = 0; i < 4; ++i) text += i <= count ? digits[group >> (18 - 6 * i) & 63] : '=';
  }
  return text;
}

Json nested(const Tensor& tensor, std::size_t axis, std::size_t& at) {
  const Shape& shape = tensor.shape();
  if (axis == shape.rank()) return Json::number(tensor.at(at++));
  const auto length = static_cast<std::size_t>(shape[axis]);
  if (axis + 1 == shape.rank()) {
    std::vector<double> numbers(length);
    for (double& number : numbers) number = tensor.at(at++);
    return Json::numbers(std::move(numbers));
  }
  std::vector<Json> items;
  items.reserve(length);
  for (std::size_t i = 0; i < length; ++i) items.push_back(nested(tensor, axis + 1, at));
  return Json::array(std::move(items));
}

// What stands around a value that is written.
struct Place {
  bool in_setup = false;  // directly in "setup"
  bool is_setup_data = false;
};

class Writer {
 public:
  Writer(TensorForm form, DType setup_type) : form_(form), setup_type_(setup_type) {}

  Json write(webai_value* value, Place place = {}) const {
    switch (kind_of(value)) {
      case WEBAI_NULL:
        return {};
      case WEBAI_BOOL:
        return Json::boolean(static_cast<Boolean*>(value)->value);
      case WEBAI_NUMBER:
        return Json::number(static_cast<Number*>(value)->value);
      case WEBAI_STRING:
        return Json::text(static_cast<Text*>(value)->value);
      case WEBAI_LIST:
        return write_list(*static_cast<List*>(value));
      case WEBAI_MAP:
        return write_map(*static_cast<Map*>(value), place.in_setup);
      case WEBAI_TENSOR:
        return write_tensor(static_cast<TensorValue*>(value)->tensor(), place.is_setup_data);
      default:
        wrong_kind("value", "anything that JSON can write", value);
    }
  }

 private:
  Json write_list(List& list) const {
    if (const std::vector<double>* const numbers = list.numbers()) return Json::numbers(*numbers);
    std::vector<Json> items;
    items.reserve(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) items.push_back(write(list.at(i)));
    return Json::array(std::move(items));
  }

  Json write_map(const Map& map, bool is_setup) const {
    std::vector<Json::Member> members;
    members.reserve(map.entries().size());
    for (const auto& [key, item] : map.entries())
      members.emplace_back(key, write(item.get(), {key == "setup", is_setup && key == "data"}));
    return Json::object(std::move(members));
  }

  Json write_tensor(const Tensor& tensor, bool is_setup_data) const {
    static_assert(std::endian::native == std::endian::little, "base64 is little endian");
    const bool bytes =
        form_ == TensorForm::setup && is_setup_data && (tensor.type() == setup_type_ || tensor.type() == DType::u8);
    if (bytes || form_ == TensorForm::base64)
      return Json::text(base64({static_cast<const std::byte*>(tensor.data()), tensor.bytes()}));
    std::size_t at = 0;
    return nested(tensor, 0, at);
  }

  TensorForm form_;
  DType setup_type_;
};

}  // namespace

Value value_from_json(webai_context& context, const Json& json, std::span<webai_value* const> leaves) {
  return Reader(context, leaves).read(json);
}

Json json_from_value(webai_value* value, TensorForm form, DType setup_type) {
  return Writer(form, setup_type).write(value);
}

TensorForm tensor_form(webai_value* opts) {
  const std::string form = Options(opts).text("tensors", "array");
  if (form == "array") return TensorForm::array;
  if (form == "base64") return TensorForm::base64;
  throw Error(Code::invalid_argument, {.message = "option \"tensors\" is \"" + form + "\"",
                                       .reason = "OPTION",
                                       .path = "tensors",
                                       .expected = "\"array\" or \"base64\""});
}

bool is_pretty(webai_value* opts) { return Options(opts).boolean("pretty", false); }

}  // namespace webai::capi
