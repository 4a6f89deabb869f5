// What a training's options come to with this network and these data.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/ir/graph.h"
#include "core/model/model.h"
#include "webai/dataset.hpp"
#include "webai/error.hpp"
#include "webai/training.hpp"

namespace webai {

/// The options with every default filled in. Throws INVALID_ARGUMENT or NOT_FOUND for the first that cannot be.
TrainOptions with_defaults(TrainOptions options);

struct HeldOut {
  Dataset training;
  Dataset validation;  ///< not valid: nothing is held out
};
/// Draws validation_split of the samples by the seed; what is left to train on is shuffled as the data were.
HeldOut hold_out(const Dataset& data, const TrainOptions& options, std::uint64_t seed);

/// One weight for each class (two for a single output), or none. `labels`: names of the classes, as far as known.
std::vector<double> class_weights(const TrainOptions& options, std::size_t outputs, std::vector<std::string> labels);

/// Words that are labels get their numbers from the file they stand in. Throws INVALID_ARGUMENT where the model names no
/// labels and the words of `data` are not those of `learned` (nullptr: not one for each of the classes), since their
/// numbers then mean other classes.
void check_words(const Dataset& data, const Dataset* learned, std::size_t outputs, bool model_names_labels);

/// The model's numbers of the data's labels, by their names; none where either names none. Throws INVALID_ARGUMENT for one
/// that the model does not know.
std::vector<std::int32_t> map_labels(const Dataset& data, std::span<const std::string> of_model);

/// Whether a layer, also one of a net inside, goes over sequences within one sample (`recurrent`).
bool reads_sequences(const Model& model);

/// Where the text has the layer or pipe of that name, "part/0" being one of a net; empty where it has none.
std::string path_of_layer(const Model& model, std::string_view name);

/// Whether that layer stands in an iterator, at whatever depth.
bool is_iterated(const Model& model, std::string_view name);

/// The same error, with the name of the layer whose place it tells.
Error with_layer_name(const Model& model, const Error& error);

/// False where the input is read as indices, whose size means nothing.
bool takes_numbers_as_they_are(const Graph& graph, std::string_view input);

}  // namespace webai
