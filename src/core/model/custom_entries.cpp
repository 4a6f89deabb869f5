// What entries of call lists and defaults of a custom layer stand for: numbers, what a function of the program gives,
// and what prefixes ask of a parameter.
#include <algorithm>
#include <new>

#include "core/model/custom_layer.h"
#include "core/model/json.h"

namespace webai {
namespace {

Json numbers_of(const Shape& dims) {
  std::vector<double> list;
  for (const Dimension dim : dims.dims()) list.push_back(static_cast<double>(dim.value()));
  return Json::numbers(std::move(list));
}

double product_of(const Json& json) {
  double product = 1;
  for (std::size_t i = 0; json.is_array() && i < json.size(); ++i)
    if (json.at(i).is_number()) product *= json.at(i).as_number();
  return json.is_number() ? json.as_number() : product;
}

}  // namespace

std::optional<Shape> shape_of(const Json& json) {
  std::vector<std::int64_t> dims;
  for (std::size_t i = 0; i < (json.is_array() ? json.size() : 1); ++i) {
    const Json item = json.is_array() ? json.at(i) : json;
    const auto length = item.is_number() ? item.as_integer() : std::nullopt;
    if (!length || *length < 1) return std::nullopt;
    dims.push_back(*length);
  }
  if (dims.empty() || dims.size() >= Shape::max_rank) return std::nullopt;
  return Shape(dims);
}

Json asked(const std::function<Json(std::span<const Json>)>& function, std::span<const Json> arguments,
           const std::string& name, const std::string& operation, const std::string& path) {
  try {
    return function(arguments);
  } catch (const Error& error) {
    if (error.path().empty()) std::throw_with_nested(error.with_path(path));
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    throw Error(Code::host_error, {.message = "operation \"" + operation + "\": the default of \"" + name +
                                              "\" failed: " + error.what(),
                                   .reason = "DEFAULT_FAILED",
                                   .path = path,
                                   .operation = operation,
                                   .hint = "this is what the function of the default has thrown"});
  }
}

std::optional<Json> CustomOperation::default_of(const OperationParameter& parameter) {
  if (parameter.default_value) return evaluate(*parameter.default_value);
  if (!parameter.default_function) return std::nullopt;
  return called(parameter.name, parameter.call_default_with, parameter.default_function);
}

Json CustomOperation::called(const std::string& name, const std::vector<std::string>& with,
                             const std::function<Json(std::span<const Json>)>& function) {
  std::vector<Json> arguments;
  for (const std::string& entry : with) arguments.push_back(evaluated_entry(entry));
  return asked(function, arguments, name, operation_.name, layer_.layer().path);
}

// Texts that begin with a prefix stand for what they would be as arguments; in an array lists are spread out.
Json CustomOperation::evaluate(const Json& json) {
  const auto stands_for = [&](const Json& item) {
    if (!item.is_text() || !call_prefix(item.as_text())) return false;
    const std::string_view name = without_prefix(item.as_text());
    return operation_.find(name) || is_reserved_parameter(name);
  };
  if (stands_for(json)) return evaluated_entry(json.as_text());
  if (json.is_object() && json.find("size")) return json.with("size", evaluate(*json.find("size")));
  if (!json.is_array() || json.is_packed()) return json;
  std::vector<Json> items;
  bool all_numbers = true;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const Json item = evaluate(json.at(i));
    if (stands_for(json.at(i)) && item.is_array()) {
      for (std::size_t k = 0; k < item.size(); ++k) items.push_back(item.at(k));
    } else {
      all_numbers = all_numbers && item.is_number();
      items.push_back(item);
    }
  }
  if (!all_numbers) return Json::array(std::move(items));
  std::vector<double> numbers;
  for (const Json& item : items) numbers.push_back(item.as_number());
  return Json::numbers(std::move(numbers));
}

Json CustomOperation::evaluated_entry(const std::string& entry) {
  const std::string_view name = without_prefix(entry);
  if (const char prefix = call_prefix(entry)) return property_of(prefix, name);
  if (name == "size") return numbers_of(size());
  if (name == "id") return Json::integer(layer_.layer().id);
  if (name == "activation" || name == "activationStr")
    return layer_.layer().activation.empty() ? Json() : Json::text(layer_.layer().activation);
  if (name == "output" || name == "state") return Json();
  return resolve(name).given;
}

Json CustomOperation::property_of(char prefix, std::string_view name) {
  const bool about_size = name == "size" || name == "output";
  if (about_size && (prefix == ':' || prefix == '#' || prefix == '$'))
    return prefix == ':' ? numbers_of(size()) : Json::integer(size().elements());
  if (name == "id" || name == "state" || name == "activation" || name == "activationStr" || about_size) {
    if (prefix == '&') return Json::integer(layer_.layer().id);
    if (prefix == '$' || prefix == ':') return prefix == ':' ? Json::numbers({1}) : Json::integer(1);
    return Json::integer(prefix == '%' && name != "size" ? Value::internal : prefix == '%' ? Value::model : 0);
  }
  const Value& value = resolve(name);
  if (prefix == '%') return Json::integer(value.source);
  if (prefix == '^') return Json::integer(value.offset);
  if (prefix == '&') {
    std::vector<double> ids(value.producers.begin(), value.producers.end());
    if (ids.empty()) ids.push_back(static_cast<double>(data_id(name)));
    return Json::numbers(std::move(ids));
  }
  if (value.kind == Value::open)
    no_size_of_array(std::string(name));
  if (prefix == '#') return Json::number(product_of(value.given));
  if (value.kind != Value::array || value.dims.rank() == 0)
    return prefix == ':' ? Json::numbers({1}) : Json::integer(1);
  if (!value.dims.is_concrete())
    fail(Code::invalid_model, "OPEN_SIZE", "\"" + std::string(name) + "\" has an open dimension (null): " +
                                               value.dims.text(),
         "give the size as numbers");
  return prefix == ':' ? numbers_of(value.dims) : Json::integer(value.dims.elements());
}

bool CustomOperation::has_size() {
  return !as_activation_ && (layer_.layer().size || operation_.size);
}

const Shape& CustomOperation::size() {
  if (size_) return *size_;
  if (!as_activation_ && layer_.layer().size) {
    size_ = *layer_.layer().size;
  } else if (operation_.size && !as_activation_) {
    if (std::ranges::find(under_way_, "size") != under_way_.end())
      fail(Code::invalid_model, "DEFAULT_CYCLE", "the default of \"size\" leads back to itself",
           "let it depend on the input or on given parameters alone");
    under_way_.emplace_back("size");
    const std::optional<Json> fallback = default_of(*operation_.size);
    const auto dims = fallback ? shape_of(*fallback) : std::nullopt;
    if (!dims)
      fail(Code::invalid_model, "NO_SIZE",
           "the default of \"size\" gave no dimensions: " + (fallback ? describe(*fallback) : std::string("nothing")),
           "give a number of 1 or more, or an array of them");
    under_way_.pop_back();
    size_ = *dims;
  } else {
    size_ = resolve("input").dims;
  }
  if (!size_->is_concrete())
    fail(Code::invalid_model, "OPEN_SIZE", "the size cannot be open (null): " + size_->text(),
         "give a number for each dimension");
  return *size_;
}

}  // namespace webai
