// Open dimensions: a null in the size of an input is a length that each run brings anew. A graph has numbers only, so a
// model is built for the lengths of each run; built without any, it is built for two sets of example lengths, and what
// differs between the two is open. Private to core/model.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/model/build.h"

namespace webai {

/// Whether `dims` are what `size` asks for: equal wherever that has a number.
bool fits(const Shape& size, const Shape& dims);

/// `size`, written at `path`, with numbers for its nulls; each of those is added to `open`, as one of input `input`.
Shape bound_size(const Shape& size, const std::string& path, std::span<const ShapeHint> hints, const Lengths* lengths,
                 std::size_t input, std::vector<OpenDimension>& open);

/// Whether some input of the model, or of a model inside it, has an open dimension.
bool has_open_sizes(const Model& model);

/// Example lengths for what is open in the model and has none yet.
void add_examples(const Model& model, Lengths& lengths);

/// The model built by `build` for example lengths that suit it, with symbols in the shapes that depend on them. Throws
/// OPEN_SIZE where the number of a layer's parameters depends on them, else what `build` throws for all examples.
BuiltModel build_by_example(const Model& model, const BuildOptions& options,
                            const std::function<BuiltModel(BuildOptions)>& build);

}  // namespace webai
