#include "core/model/open_dimensions.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/model/json.h"
#include "webai/error.hpp"

namespace webai {

bool fits(const Shape& size, const Shape& dims) {
  if (size.rank() != dims.rank()) return false;
  for (std::size_t axis = 0; axis < dims.rank(); ++axis)
    if (!size.dim(axis).is_symbol() && size.dim(axis) != dims.dim(axis)) return false;
  return true;
}

Shape bound_size(const Shape& size, const std::string& path, std::span<const ShapeHint> hints, const Lengths* lengths,
                 std::size_t input, std::vector<OpenDimension>& open) {
  Shape bound = size;
  for (std::size_t axis = 0; axis < size.rank(); ++axis) {
    if (!size.dim(axis).is_symbol()) continue;
    std::string place = pointer_to(path, axis);
    const auto length = lengths ? lengths->find(place) : Lengths::const_iterator();
    if (!lengths || length == lengths->end())
      throw Error(Code::internal, {.message = "an open dimension has no length", .path = place,
                                   .hint = "run the model once, or give its inputs a length"});
    bound.set(axis, length->second);
    open.push_back({std::move(place), input, axis, hints.empty() ? ShapeHint() : hints[axis], length->second});
  }
  return bound;
}

namespace {

struct Place {
  std::string path;
  ShapeHint hint;
};

void find_places(const Model& model, std::vector<Place>& places) {
  const auto add = [&](const Shape& size, const std::string& path, std::span<const ShapeHint> hints) {
    for (std::size_t axis = 0; axis < size.rank(); ++axis)
      if (size.dim(axis).is_symbol()) places.push_back({pointer_to(path, axis), hints.empty() ? ShapeHint() : hints[axis]});
  };
  const auto look_at = [&](const Layer& layer) {
    if (layer.type == "input" && layer.size) add(*layer.size, pointer_to(layer.path, "size"), layer.hints);
    for (const StateVariable& variable : layer.states)
      if (variable.size) add(*variable.size, pointer_to(variable.path, "size"), {});
    if (layer.net) find_places(*layer.net, places);
  };
  for (const Layer& layer : model.layers) {
    look_at(layer);
    for (const Layer& pipe : layer.pipes) look_at(pipe);
  }
}

constexpr std::int64_t first_example = 64;

// Two lengths for each place, different ones.
struct Examples {
  Lengths first, second;
};

std::int64_t allowed(const ShapeHint& hint, std::int64_t length) {
  return std::min(std::max(length, hint.min.value_or(1)), hint.max.value_or(length));
}

Examples examples_near(std::span<const Place> places, std::int64_t first, std::int64_t second, std::int64_t step) {
  Examples examples;
  for (const Place& place : places) {
    const std::vector<std::int64_t>& common = place.hint.common;
    const bool hinted = step > 0 && !common.empty();
    const std::int64_t a = hinted ? common.front() : allowed(place.hint, first);
    std::int64_t b = hinted ? common.back() : allowed(place.hint, second);
    if (a == b) b = a > 1 ? a / 2 : a + 1;
    examples.first.emplace(place.path, a);
    examples.second.emplace(place.path, b);
    first += step;
    second += step;
  }
  return examples;
}

[[noreturn]] void depends(const BuiltParameter& one, const BuiltParameter& other) {
  throw Error(Code::invalid_model,
              {.message = "the number of parameters depends on a dimension that is open (null): " + one.name + " would be " +
                          one.type.shape.text() + " or " + other.type.shape.text(),
               .reason = "OPEN_SIZE",
               .path = one.layer,
               .expected = "the same parameters for every length",
               .actual = one.type.shape.text() + ", " + other.type.shape.text(),
               .hint = "give the size as numbers, or put a layer in between that removes the open dimension, such as "
                       "globalAveragePool2d"});
}

// Gives shapes symbols where they are different for other lengths.
class Opening {
 public:
  Opening(BuiltModel& built, const BuiltModel& other) : built_(built), other_(other) {}

  void run() {
    check_parameters();
    if (built_.layers.size() != other_.layers.size() || built_.states.size() != other_.states.size())
      throw Error(Code::unsupported, {.message = "what the model is made of depends on a dimension that is open (null)",
                                      .reason = "OPEN_SIZE",
                                      .path = built_.open.front().path,
                                      .hint = "give that dimension a number; layers that work along it take any length"});
    next_ = 1 + static_cast<int>(built_.open.size());
    for (std::size_t i = 0; i < built_.open.size(); ++i) {
      const OpenDimension& dim = built_.open[i];
      for (Shape* shape : {&built_.inputs[dim.input].shape, &built_.inputs[dim.input].dims})
        shape->set(dim.axis, Dimension::symbol(1 + static_cast<int>(i)));
    }
    for (std::size_t i = 0; i < built_.layers.size(); ++i) {
      open(built_.layers[i].input, other_.layers[i].input);
      open(built_.layers[i].output, other_.layers[i].output);
    }
    for (std::size_t i = 0; i < built_.states.size(); ++i)
      open(built_.states[i].type.shape, other_.states[i].type.shape);
    open(built_.output_shape, other_.output_shape);
    for (std::size_t i = 0; i < built_.output_shapes.size(); ++i)
      open(built_.output_shapes[i], other_.output_shapes[i]);
  }

 private:
  void check_parameters() const {
    const std::size_t count = std::min(built_.parameters.size(), other_.parameters.size());
    for (std::size_t i = 0; i < count; ++i)
      if (built_.parameters[i].type != other_.parameters[i].type) depends(built_.parameters[i], other_.parameters[i]);
    const auto& longer = built_.parameters.size() > count ? built_.parameters : other_.parameters;
    if (longer.size() > count)
      throw Error(Code::invalid_model, {.message = "whether there is a parameter " + longer[count].name +
                                                   " depends on a dimension that is open (null)",
                                        .reason = "OPEN_SIZE",
                                        .path = longer[count].layer,
                                        .hint = "give that dimension a number"});
    for (std::size_t i = 0; i < built_.auto_normalize.size(); ++i)
      if (built_.auto_normalize[i].shape != other_.auto_normalize[i].shape)
        throw Error(Code::invalid_model, {.message = "\"auto\" needs an input whose last dimension is a number",
                                          .reason = "OPEN_SIZE",
                                          .path = built_.auto_normalize[i].path,
                                          .hint = "give the last size a number, or name the range: {\"type\": \"rescale-linear\", \"from\": [0, 255], \"to\": [0, 1]}"});
  }

  void open(Shape& shape, const Shape& other) {
    if (shape.rank() != other.rank()) throw Error(Code::internal, "the rank of a value depends on an open dimension");
    for (std::size_t axis = 0; axis < shape.rank(); ++axis)
      if (shape.dim(axis) != other.dim(axis)) shape.set(axis, symbol(shape[axis], other[axis]));
  }

  // Of the one open dimension whose lengths these are, else a new one.
  Dimension symbol(std::int64_t length, std::int64_t other) {
    int found = 0;
    for (std::size_t i = 0; i < built_.open.size(); ++i)
      if (built_.open[i].length == length && other_.open[i].length == other) found = found ? -1 : 1 + static_cast<int>(i);
    return Dimension::symbol(found > 0 ? found : next_++);
  }

  BuiltModel& built_;
  const BuiltModel& other_;
  int next_ = 1;
};

// The complaint about examples, in which the author would look in vain for numbers that were never given.
Error explained(const Error& error, const Lengths& lengths) {
  ErrorDetails details = error.details();
  std::string list;
  for (const auto& [path, length] : lengths) list += (list.empty() ? "" : ", ") + std::to_string(length) + " for " + path;
  details.message += ", with " + list;
  return Error(error.code(), std::move(details));
}

}  // namespace

bool has_open_sizes(const Model& model) {
  std::vector<Place> places;
  find_places(model, places);
  return !places.empty();
}

void add_examples(const Model& model, Lengths& lengths) {
  std::vector<Place> places;
  find_places(model, places);
  lengths.merge(examples_near(places, first_example, 96, 16).first);
}

BuiltModel build_by_example(const Model& model, const BuildOptions& options,
                            const std::function<BuiltModel(BuildOptions)>& build) {
  std::vector<Place> places;
  find_places(model, places);
  // Lengths that the hints name and that are told apart; then the same for all, which joins may ask for.
  struct Trial {
    std::int64_t first, second, step;
  };
  constexpr std::array<Trial, 6> trials = {{{first_example, 96, 16}, {first_example, 96, 0}, {240, 480, 0}, {8, 12, 0}, {2, 3, 0}, {1, 2, 0}}};
  std::optional<Error> complaint;
  Lengths complained;
  bool varies = false;
  for (const Trial& trial : trials) {
    const Examples examples = examples_near(places, trial.first, trial.second, trial.step);
    const auto built_for = [&](const Lengths& lengths, bool fill) {
      BuildOptions own = options;
      own.lengths = &lengths;
      own.fill = fill;
      own.inner = {};
      return build(own);
    };
    std::optional<BuiltModel> other;
    try {
      const BuiltModel trial_build = built_for(examples.first, false);
      if (!trial_build.open.empty()) other = built_for(examples.second, false);
    } catch (const Error& error) {
      varies = varies || (complaint && error.message() != complaint->message());
      if (!complaint) {
        complaint = error;
        complained = examples.first;
      }
      continue;
    }
    BuiltModel built = built_for(examples.first, options.fill);
    if (built.open.size() > most_open)
      throw Error(Code::limit_exceeded, {.message = "the model has " + std::to_string(built.open.size()) + " open dimensions (null)",
                                         .reason = "OPEN_SIZE",
                                         .path = built.open[most_open].path,
                                         .expected = "at most " + std::to_string(most_open),
                                         .hint = "give some of them a number"});
    if (other) Opening(built, *other).run();
    return built;
  }
  throw varies ? explained(*complaint, complained) : *complaint;
}

}  // namespace webai
