// Data sets that are always there: small, known, and the same on every machine.
#include <cmath>
#include <numbers>

#include "dataset/source.h"
#include "webai/error.hpp"

namespace webai {

namespace {

std::shared_ptr<const Source> table_of(std::vector<float> inputs, std::vector<float> outputs, std::int64_t columns,
                                       OutputKind kind = OutputKind::values) {
  const auto rows = static_cast<std::int64_t>(outputs.size());
  Description description;
  description.input_shape = Shape{columns};
  description.kind = kind;
  description.output_shape = kind == OutputKind::label ? Shape{} : Shape{1};
  description.size = outputs.size();
  description.class_count = count_classes(DType::fp32, outputs.data(), outputs.size());
  const auto keep = [](std::vector<float> values, Shape shape) {
    auto held = std::make_shared<std::vector<float>>(std::move(values));
    float* data = held->data();
    return Tensor::wrap(data, DType::fp32, shape, [held = std::move(held)] {});
  };
  Table table{keep(std::move(inputs), Shape{rows, columns}), keep(std::move(outputs), description.output_shape.inserted(0, rows)),
              static_cast<std::uint64_t>(rows)};
  return make_table_source(std::move(table), std::move(description));
}

std::shared_ptr<const Source> exclusive_or() {
  return table_of({0, 0, 0, 1, 1, 0, 1, 1}, {0, 1, 1, 0}, 2);
}

/// Two arms, half a turn apart, that wind one and three quarter times from the middle to radius 1. Classes alternate.
std::shared_ptr<const Source> spirals() {
  constexpr int points = 200;
  std::vector<float> inputs, outputs;
  for (int i = 0; i < points; ++i) {
    const double along = (i + 1.0) / points;  // square root of the radius' share: points stay equally dense
    const double angle = std::sqrt(along) * 3.5 * std::numbers::pi;
    const double x = std::sqrt(along) * std::cos(angle), y = std::sqrt(along) * std::sin(angle);
    for (int arm = 0; arm < 2; ++arm) {
      const double sign = arm == 0 ? 1 : -1;
      inputs.push_back(static_cast<float>(sign * x));
      inputs.push_back(static_cast<float>(sign * y));
      outputs.push_back(static_cast<float>(arm));
    }
  }
  return table_of(std::move(inputs), std::move(outputs), 2, OutputKind::label);
}

std::shared_ptr<const Source> sine() {
  constexpr int points = 256;
  std::vector<float> inputs, outputs;
  for (int i = 0; i < points; ++i) {
    const double x = (2.0 * i / (points - 1) - 1) * std::numbers::pi;
    inputs.push_back(static_cast<float>(x));
    outputs.push_back(static_cast<float>(std::sin(x)));
  }
  return table_of(std::move(inputs), std::move(outputs), 1);
}

}  // namespace

std::shared_ptr<const Source> make_sample_source(std::string_view name) {
  struct Entry {
    std::string_view name;
    std::shared_ptr<const Source> (*make)();
  };
  static constexpr Entry entries[] = {{"xor", exclusive_or}, {"spirals", spirals}, {"sine", sine}};
  std::string known;
  for (const Entry& entry : entries) {
    if (entry.name == name) return entry.make();
    known += (known.empty() ? "" : ", ") + std::string(entry.name);
  }
  throw Error(Code::not_found, {.message = "dataset: no sample of that name is built in",
                                .reason = "SAMPLE_NAME",
                                .expected = known,
                                .actual = "\"" + std::string(name) + "\"",
                                .hint = "these are small ones for trials; files are named with csv:, idx:, npy: or json: in front"});
}

}  // namespace webai
