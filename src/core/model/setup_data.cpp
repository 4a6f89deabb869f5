// Reading, filling and writing of parameter values.
#include "core/model/setup_data.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>

#include "core/base/random.h"
#include "core/model/base64.h"
#include "core/model/setup_instructions.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// What a model without a seed of its own starts from; a context's seed is added.
constexpr std::uint64_t default_seed = 0x5eed;

// Elements are little-endian in files; turns them into the machine's order and back.
void swap_if_big_endian(std::byte* data, std::size_t count, std::size_t width) {
  if constexpr (std::endian::native == std::endian::big)
    for (std::size_t i = 0; i < count; ++i) std::reverse(data + i * width, data + (i + 1) * width);
}

void count_numbers(const Json& array, std::size_t& count, const std::string& path) {
  if (array.is_packed()) {
    count += array.size();
    return;
  }
  for (std::size_t i = 0; i < array.size(); ++i) {
    const Json item = array.at(i);
    if (item.is_number())
      ++count;
    else if (item.is_array())
      count_numbers(item, count, path);
    else
      throw Error(Code::invalid_model, {.message = "setup.data holds numbers, got " + describe(item),
                                        .reason = "SETUP_DATA",
                                        .path = pointer_to(path, i),
                                        .hint = "export writes them so; as base64 they are one text"});
  }
}

// Codes are whole and within their type: nothing is rounded or cut in silence.
void put_number(Tensor& into, std::size_t at, double value, const std::string& path) {
  into.set(at, value);
  if (is_floating(into.type()) || into.at(at) == value) return;
  throw Error(Code::invalid_model, {.message = "number " + std::to_string(at) + " of setup.data is no code",
                                    .reason = "SETUP_DATA",
                                    .path = path,
                                    .expected = "whole numbers that " + std::string(name_of(into.type())) + " holds",
                                    .actual = describe(Json::number(value)),
                                    .hint = "integer models store codes; base64 holds them as bytes"});
}

void copy_numbers(const Json& array, Tensor& into, std::size_t& at, const std::string& path) {
  if (array.is_packed()) {
    for (const double value : array.as_numbers()) put_number(into, at, value, path), ++at;
    return;
  }
  for (std::size_t i = 0; i < array.size(); ++i) {
    const Json item = array.at(i);
    if (item.is_number())
      put_number(into, at, item.as_number(), path), ++at;
    else
      copy_numbers(item, into, at, path);
  }
}

}  // namespace

std::uint64_t choose_seed(const Context& context, const Model& model) {
  switch (model.seed_kind) {
    case Model::Seed::given:
      return model.seed;
    case Model::Seed::unset:
      return default_seed + context.options().seed;
    case Model::Seed::entropy:
      break;
  }
  std::uint64_t seed = 0;
  if (!context.host().entropy(&seed, sizeof seed))
    throw Error(Code::host_error, {.message = "the host has no entropy for \"seed\": null",
                                   .reason = "ENTROPY",
                                   .path = "/seed",
                                   .hint = "give a number"});
  return seed;
}

namespace {

Tensor random_values(const Context& context, const BuiltParameter& parameter, std::uint64_t seed, std::uint64_t id) {
  const DType type = computed_in(parameter.type.type);
  if (parameter.start.kind == Initial::constant) {
    Tensor constant(context, type, parameter.type.shape);
    if (parameter.start.value == 0.0) return constant;
    const Initial& start = parameter.start;
    const std::size_t end = start.last < 0 ? constant.elements() : static_cast<std::size_t>(start.last);
    for (auto i = static_cast<std::size_t>(start.first); i < end; ++i) constant.set(i, start.value);
    return constant;
  }
  Tensor tensor = Tensor::uninitialised(context, type, parameter.type.shape);
  const RandomStream stream(seed, id);
  const double bound = std::sqrt(6.0 / static_cast<double>(parameter.start.fan_in + parameter.start.fan_out));
  // uniform(i) of the stream, word by word: 24 bits of each.
  std::array<std::uint32_t, 1024> words;
  for (std::size_t begin = 0; begin < tensor.elements(); begin += words.size()) {
    const std::size_t count = std::min(words.size(), tensor.elements() - begin);
    stream.words(begin, std::span(words).first(count));
    for (std::size_t i = 0; i < count; ++i)
      tensor.set(begin + i, bound * (2.0 * (static_cast<double>(words[i] >> 8) * 0x1p-24) - 1.0));
  }
  return tensor;
}

// All of it is known to be too much before any of it is taken.
void check_total(const Context& context, const BuiltModel& built) {
  const std::uint64_t most = context.limits().host_bytes;
  std::uint64_t left = most;
  for (const BuiltParameter& parameter : built.parameters) {
    const auto bytes = static_cast<std::uint64_t>(parameter.type.shape.elements()) * size_of(parameter.type.type);
    if (bytes > left)
      throw Error(Code::limit_exceeded,
                  {.message = "the parameters would take more than " + std::to_string(most) + " bytes",
                   .reason = "HOST_BYTES",
                   .path = parameter.layer,
                   .expected = "at most " + std::to_string(most) + " bytes",
                   .actual = "more",
                   .hint = "smaller layers, or a larger limit \"hostBytes\""});
    left -= bytes;
  }
}

[[noreturn]] void wrong_size(const Model& model, const BuiltModel& built, std::size_t expected, std::size_t got) {
  std::size_t end = 0;
  std::string affected;
  std::string layer;
  const std::size_t width = size_of(model.type);
  for (const BuiltParameter& parameter : built.parameters) {
    if (!parameter.stored) continue;
    end += static_cast<std::size_t>(parameter.type.shape.elements());
    if (end <= got || !affected.empty()) continue;
    affected = parameter.name;
    layer = affected.substr(0, affected.rfind('.'));  // its name, or its number where it has none
  }
  throw Error(
      Code::invalid_model,
      {.message = "setup.data holds " + std::to_string(got) + " numbers, the model needs " + std::to_string(expected) +
                  (affected.empty() ? "" : "; the first parameter that gets too few is \"" + affected + "\""),
       .reason = "SETUP_SIZE",
       .path = model.setup_data_path,
       .layer = layer,
       .expected = std::to_string(expected),
       .actual = std::to_string(got),
       .hint = !model.setup_data.is_object() ? "without setup.data the parameters start at random"
               : got > expected ? "say how much of the file is meant: \"bytes\": " + std::to_string(expected * width)
                                : "the file may be incomplete: copy it again"});
}

// The one with the fewest digits that reads back as the same element of the type.
double shortest(double value, DType type) {
  if (type == DType::fp64 || !is_floating(type) || !std::isfinite(value)) return value;
  char digits[32];
  double brief = value;
  const auto end = std::to_chars(digits, digits + sizeof digits, static_cast<float>(value)).ptr;
  std::from_chars(digits, end, brief);
  return static_cast<float>(brief) == static_cast<float>(value) ? brief : value;
}

double shortest_number(const Tensor& tensor, std::size_t index) { return shortest(tensor.at(index), tensor.type()); }

Json nested(const Shape& shape, std::size_t axis, std::size_t& at, const std::function<double(std::size_t)>& number) {
  if (shape.rank() == 0) return Json::number(number(at++));
  if (axis + 1 == shape.rank()) {
    std::vector<double> row;
    row.reserve(static_cast<std::size_t>(shape[axis]));
    for (std::int64_t i = 0; i < shape[axis]; ++i) row.push_back(number(at++));
    return Json::numbers(std::move(row));
  }
  std::vector<Json> rows;
  for (std::int64_t i = 0; i < shape[axis]; ++i) rows.push_back(nested(shape, axis + 1, at, number));
  return Json::array(std::move(rows));
}

}  // namespace

Tensor read_setup_data(const Context& context, const Json& data, DType type, const std::string& path) {
  if (data.is_text()) {
    const std::vector<std::byte> bytes = decode_base64(data.as_text(), path);
    const std::size_t width = size_of(type);
    if (bytes.size() % width != 0)
      throw Error(Code::invalid_model,
                  {.message = "setup.data has " + std::to_string(bytes.size()) + " bytes, no whole number of " +
                              std::string(name_of(type)) + " elements",
                   .reason = "SETUP_SIZE",
                   .path = path,
                   .expected = "a multiple of " + std::to_string(width) + " bytes",
                   .actual = std::to_string(bytes.size()),
                   .hint = "export the model again: bytes are missing or too many"});
    Tensor tensor = Tensor::uninitialised(context, type, Shape{static_cast<std::int64_t>(bytes.size() / width)});
    if (!bytes.empty()) std::memcpy(tensor.data(), bytes.data(), bytes.size());
    swap_if_big_endian(static_cast<std::byte*>(tensor.data()), tensor.elements(), width);
    return tensor;
  }
  std::size_t count = 0;
  count_numbers(data, count, path);
  Tensor tensor = Tensor::uninitialised(context, type, Shape{static_cast<std::int64_t>(count)});
  std::size_t at = 0;
  copy_numbers(data, tensor, at, path);
  return tensor;
}

namespace {

// One weight that is no number makes every answer none.
void check_finite(const BuiltParameter& parameter) {
  for (std::size_t i = 0; i < parameter.initial.elements(); ++i) {
    const double value = parameter.initial.at(i);
    if (!std::isfinite(value))
      throw Error(Code::invalid_model,
                  {.message = "\"" + parameter.name + "\" holds " +
                              (std::isnan(value) ? "not-a-number" : "an infinity") + " at index " + std::to_string(i),
                   .reason = "SETUP_DATA",
                   .path = parameter.path,
                   .expected = "numbers that " + std::string(name_of(parameter.type.type)) + " can hold",
                   .hint = "train it again from an earlier state, with a smaller learningRate"});
  }
}

}  // namespace

void fill_parameters(const Context& context, const Model& model, BuiltModel& built,
                     std::span<const PlacedParameter> places, const WeightFiles* files) {
  check_total(context, built);
  const bool given = !model.setup_data.is_null();
  if (given && has_instructions(model)) {
    fill_by_instructions(context, model, built, places, files);
  } else if (given) {
    std::size_t expected = 0;
    for (const BuiltParameter& parameter : built.parameters)
      if (parameter.stored) expected += static_cast<std::size_t>(parameter.type.shape.elements());
    const Json& setup = model.setup_data;
    const std::string& path = model.setup_data_path;
    const bool in_file = setup.is_object();
    const Tensor data =
        in_file ? elements_of(context, read_setup_file(parse_setup_file(setup, path), files, path), model.type, path)
                : read_setup_data(context, setup, model.type, path);
    if (data.elements() != expected) wrong_size(model, built, expected, data.elements());
    std::int64_t at = 0;
    for (BuiltParameter& parameter : built.parameters) {
      if (!parameter.stored) continue;
      const std::int64_t count = parameter.type.shape.elements();
      const Tensor part = data.rows(at, at + count).reshaped(parameter.type.shape);
      parameter.initial = in_file ? part : part.clone(context);
      at += count;
    }
  }
  for (std::size_t id = 0; id < built.parameters.size(); ++id) {
    BuiltParameter& parameter = built.parameters[id];
    const bool drawn = parameter.stored ? !given : !parameter.initial.data();  // else it stands in the layer
    if (drawn) {
      parameter.initial = random_values(context, parameter, built.seed, id);
      if (parameter.code)
        parameter.initial = codes_of_parameter(context, parameter.initial, parameter.code, parameter.type.type);
    }
    if (parameter.stored) parameter.path = model.setup_data_path;
    if (is_floating(parameter.type.type)) check_finite(parameter);
  }
}

Json json_from_tensor(const Tensor& tensor) {
  std::size_t at = 0;
  return nested(tensor.shape(), 0, at, [&](std::size_t i) { return shortest_number(tensor, i); });
}

Json json_from_parameter(const BuiltParameter& parameter, const Tensor& current) {
  if (!parameter.code) return json_from_tensor(current);
  const std::vector<double> numbers = numbers_of_codes(current, parameter.code);
  std::size_t at = 0;
  return nested(current.shape(), 0, at, [&](std::size_t i) { return shortest(numbers[i], computed_in(current.type())); });
}

Json write_setup_data(const BuiltModel& built, std::span<const Tensor> current, SetupDataAs as, WeightsFile* file) {
  std::vector<double> numbers;
  std::vector<std::byte> text;
  const bool to_file = as == SetupDataAs::file && file;
  std::vector<std::byte>& bytes = to_file ? file->bytes : text;
  const std::size_t begin = to_file ? file->begin_part() : 0;
  for (std::size_t i = 0; i < built.parameters.size(); ++i) {
    if (!built.parameters[i].stored) continue;
    const Tensor& tensor = current[i];
    if (as == SetupDataAs::array) {
      for (std::size_t k = 0; k < tensor.elements(); ++k) numbers.push_back(shortest_number(tensor, k));
      continue;
    }
    const auto* data = static_cast<const std::byte*>(tensor.data());
    bytes.insert(bytes.end(), data, data + tensor.bytes());
    swap_if_big_endian(bytes.data() + (bytes.size() - tensor.bytes()), tensor.elements(), size_of(tensor.type()));
  }
  if (to_file) return file->end_part(begin);
  return as == SetupDataAs::array ? Json::numbers(std::move(numbers)) : Json::text(encode_base64(bytes));
}

}  // namespace webai
