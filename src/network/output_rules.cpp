// What the `io` block says of outputs: of the only one, or of each by its name.
#include <algorithm>

#include "core/base/kept_tensor.h"
#include "network/state.h"

namespace webai {

const IoRules& NeuralNetwork::State::output_rules() const {
  if (built.outputs.size() != 1) return model.io.output_rules({});
  return model.io.output_rules(built.outputs.front().name, built.output_labels.front());
}

std::vector<OutputPart> NeuralNetwork::State::output_parts(std::span<const PortInfo> ports) const {
  std::vector<OutputPart> parts;
  std::size_t first = 0;
  for (std::size_t i = 0; i < built.outputs.size(); ++i) {
    const NamedValue& output = built.outputs[i];
    const Shape& shape = ports.empty() ? built.output_shapes[i] : ports[i].shape;
    const std::size_t size = shape.is_concrete() ? static_cast<std::size_t>(shape.elements()) : 0;
    parts.push_back({&model.io.output_rules(output.name, built.output_labels[i]), output.name, first, size});
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

namespace {

// One sample's target in the units of the model. What it works in stays for the next sample; copies have their own,
// since each stream of a dataset has its copy.
class TargetUnits {
 public:
  TargetUnits(const Context& context, std::vector<OutputPart> parts, std::shared_ptr<const void> owner)
      : context_(context), parts_(std::move(parts)), owner_(std::move(owner)) {}
  TargetUnits(const TargetUnits& other) : TargetUnits(other.context_, other.parts_, other.owner_) {}

  Item operator()(const Item& item) {
    all_.clear();
    const std::size_t width = parts_.back().first + parts_.back().size;
    if (parts_.size() == 1 || item.output.elements() != width)
      add(*parts_.front().rules, item.output, 0, item.output.elements(), parts_.front().size);
    else
      for (const OutputPart& part : parts_) add(*part.rules, item.output, part.first, part.size, part.size);
    keep(target_, context_, DType::fp64, Shape{static_cast<std::int64_t>(all_.size())});
    std::ranges::copy(all_, target_.span<double>().begin());
    return {item.input, target_};
  }

 private:
  void add(const IoRules& rules, const Tensor& target, std::size_t first, std::size_t count, std::size_t outputs) {
    own_.resize(count);
    for (std::size_t i = 0; i < count; ++i) own_[i] = target.at(first + i);
    normalize_target(rules, own_, outputs);
    all_.insert(all_.end(), own_.begin(), own_.end());
  }

  Context context_;
  std::vector<OutputPart> parts_;
  std::shared_ptr<const void> owner_;  // of the rules
  std::vector<double> own_, all_;
  Tensor target_;
};

}  // namespace

Dataset::MapFunction NeuralNetwork::State::targets_to_units(std::span<const PortInfo> ports) const {
  return TargetUnits(context, output_parts(ports), shared_from_this());
}

}  // namespace webai
