// What the `io` block says of outputs: of the only one, or of each by its name.
#include <algorithm>

#include "core/model/build_outputs.h"
#include "network/state.h"

namespace webai {

const IoRules& NeuralNetwork::State::output_rules() const {
  if (built.outputs.size() != 1) return model.io.output_rules({});
  return model.io.output_rules(built.outputs.front().name, label_of_output(model, built, built.outputs.front()));
}

std::vector<NeuralNetwork::State::OutputPart> NeuralNetwork::State::output_parts(std::span<const PortInfo> ports) const {
  std::vector<OutputPart> parts;
  std::size_t first = 0;
  for (std::size_t i = 0; i < built.outputs.size(); ++i) {
    const NamedValue& output = built.outputs[i];
    const Shape& shape = ports.empty() ? built.output_shapes[i] : ports[i].shape;
    const std::size_t size = shape.is_concrete() ? static_cast<std::size_t>(shape.elements()) : 0;
    parts.push_back({&model.io.output_rules(output.name, label_of_output(model, built, output)), output.name, first, size});
    first += size;
  }
  return parts;
}

bool NeuralNetwork::State::denormalizes() const {
  return std::ranges::any_of(output_parts(), [](const OutputPart& part) { return !part.rules->denormalize.empty() && labels_of(*part.rules).empty(); });
}

Tensor NeuralNetwork::State::denormalized(Tensor values, std::int64_t samples, Shape& shape,
                                           std::span<const PortInfo> ports) const {
  const std::vector<OutputPart> parts = output_parts(ports);
  const auto acts = [](const OutputPart& part) { return !part.rules->denormalize.empty() && labels_of(*part.rules).empty(); };
  if (std::ranges::none_of(parts, acts)) return values;
  const std::size_t width = parts.back().first + parts.back().size;
  std::vector<double> all;
  for (std::int64_t s = 0; s < samples; ++s)
    for (const OutputPart& part : parts) {
      std::vector<double> own(part.size);
      for (std::size_t i = 0; i < own.size(); ++i) own[i] = values.at(static_cast<std::size_t>(s) * width + part.first + i);
      if (acts(part)) own = denormalize(*part.rules, own).numbers;
      all.insert(all.end(), own.begin(), own.end());
    }
  // Bits of the only output have become one number each.
  const std::int64_t each = static_cast<std::int64_t>(all.size()) / samples;
  if (std::cmp_not_equal(each, width)) shape = shape.rank() > 2 && shape.elements(1, shape.rank() - 1) == each ? shape.without(shape.rank() - 1) : Shape{shape.dim(0), each};
  return Tensor::from(context, type, shape.with(0, samples), all);
}

std::vector<double> NeuralNetwork::State::normalized_target(std::span<const double> target, std::span<const PortInfo> ports) const {
  const std::vector<OutputPart> parts = output_parts(ports);
  if (parts.size() == 1 || target.size() != parts.back().first + parts.back().size)
    return normalize_target(*parts.front().rules, target, parts.front().size);
  std::vector<double> all;
  for (const OutputPart& part : parts) {
    const std::vector<double> own = normalize_target(*part.rules, target.subspan(part.first, part.size), part.size);
    all.insert(all.end(), own.begin(), own.end());
  }
  return all;
}

}  // namespace webai
