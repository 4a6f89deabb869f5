// A model in rows and totals: what `webai info` shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/model/build.h"

namespace webai {

struct LayerRow {
  std::string place;  ///< "input", "1", "output"; pipes "1/0"
  std::string name;   ///< as given; may be empty
  std::string type;
  std::string path;
  Shape input;  ///< without batch; rank 0 for inputs
  Shape output;
  std::string activation;
  std::int64_t parameters = 0;
  std::int64_t bytes = 0;  ///< of its parameters
  std::string note = {};   ///< "normalised 0..255 -> 0..1", "as one of 10 labels"
  bool inner = false;      ///< a layer of the net in the row above: counted there, sizes as far as they are written
};

struct ModelSummary {
  std::vector<LayerRow> rows;
  std::int64_t parameters = 0, trainable = 0, bytes = 0;
  double operations = 0;       ///< arithmetic operations of one run of one sample; a multiply-add is 2
  std::int64_t run_bytes = 0;  ///< most that intermediate values of one sample take at a time
  std::int64_t state_values = 0;  ///< that one sample's lane keeps from run to run
};

/// 16 hexadecimal digits of what layers, sizes, parameters and states a model has, whatever the values of its
/// parameters: states and gradients say with it whose they are.
std::string structure_hash(const Model& model, const BuiltModel& built);

ModelSummary summarise(const Model& model, const BuiltModel& built);

/// The rows as an aligned table and the totals in a last line.
std::string text_of(const ModelSummary& summary);
Json json_of(const ModelSummary& summary);

}  // namespace webai
