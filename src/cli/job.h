// One run: named inputs together into the model, its output apart into named ones, and what labels make of it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "webai/json.hpp"
#include "webai/network.hpp"

namespace webai::cli {

using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// The place of an input by its name or label; the empty name and "input" mean the only one. Throws NOT_FOUND listing them.
std::size_t input_index(const NeuralNetwork& network, const std::string& name);
std::size_t output_index(const NeuralNetwork& network, const std::string& name);

/// Runs with one tensor per input, in the order of the model; each holds one or more samples, all equally many.
Output run_inputs(NeuralNetwork& network, const std::vector<Tensor>& inputs);
/// The values of each input out of one for all of them: a text, objects that name inputs.
std::vector<Tensor> inputs_of(const NeuralNetwork& network, const Json& value);
/// Runs the samples one after the other, so that a model with a memory takes them as one sequence. All answers are in
/// the output, as if they were a batch.
Output run_sequence(NeuralNetwork& network, const std::vector<Tensor>& inputs);
/// The outputs in the order of the model, each under its name.
/// Whether these are the answers for several samples, or for a batch of one: [[1, 2]].
bool is_batch(const NeuralNetwork& network, const Output& output);
NamedTensors split_outputs(const NeuralNetwork& network, const Output& output);

using Ranking = std::vector<std::pair<std::string, double>>;
/// For each sample its labels with their outputs, greatest first; empty when the model has no labels.
std::vector<Ranking> rank_labels(const NeuralNetwork& network, const Output& output);
/// The same for one of several outputs, of so many values a sample.
std::vector<Ranking> rank_labels(const std::vector<std::string>& labels, std::size_t row, const Tensor& values);
/// "looks like: Shirt (0.71), Coat (0.14), Pullover (0.12)"
std::string ranking_text(const Ranking& ranking);

}  // namespace webai::cli
