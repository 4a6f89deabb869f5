// Back to JSON: the model as it was given with current values where the old ones came from; smaller; more readable; or
// a part of it as a model of its own.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/model/build.h"
#include "core/model/setup_data.h"

namespace webai {

struct OperationParameter;

struct JsonExport {
  SetupDataAs setup_data_as = SetupDataAs::base64;
  bool pretty = false;  ///< line breaks and indentation
  WeightsFile* file = nullptr;  ///< takes what is written as `file`
  std::span<const Tensor> scales = {};  ///< of parameters kept as codes, by parameter; none: as in the model
  bool all_scales = false;              ///< layers say them also where their numbers do: numbers may move
};

/// `current` holds one tensor per parameter of `built`, in its order. What
/// "auto" normalisation learned is written as the step it stands for; `learned` holds mean and scale of each of
/// built.auto_normalize, and may be empty.
Json export_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                  std::span<const Tensor> learned = {}, JsonExport options = {});
/// Throws IO_NAME where what "auto" is to learn of several inputs could not be written under their names.
void check_auto_can_be_written(const BuiltModel& built);
std::string export_json(const Model& model, const BuiltModel& built, std::span<const Tensor> current,
                        std::span<const Tensor> learned = {}, JsonExport options = {});

/// Old name to new one, for names that changed; a new name is empty where nothing needs one.
using RenamedLayers = std::vector<std::pair<std::string, std::string>>;

/// All values in the layers, none in setup.data.
Json pretty_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current, SetupDataAs as,
                  WeightsFile* file = nullptr);

/// All values in setup.data; short names, where the names of inputs and outputs survive unless `keep_names` is false;
/// nothing that is unused or says what holds anyway. Runs and trains like the original.
Json minify_model(const Model& model, const BuiltModel& built, std::span<const Tensor> current, SetupDataAs as,
                  bool keep_names, RenamedLayers* renamed = nullptr, WeightsFile* file = nullptr);

/// Which parameters of `built` minify leaves.
std::vector<std::size_t> kept_by_minify(const Model& model, const BuiltModel& built);

/// The model's own operations that its living layers need, in today's words.
std::vector<Json> used_operations(const Model& model, const std::function<bool(int)>& alive);
/// Pointers to what operations of the program and of the model take from their layers, those in nets included. What stands
/// there says more than its numbers, so it does not move to setup.data. `which`: of those parameters alone.
void add_places_of_operations(const Model& model, std::set<std::string, std::less<>>& places,
                              bool (*which)(const OperationParameter&) = nullptr);

/// Whether to stand in the model would end its training.
bool is_trained_outside(const OperationParameter& parameter);

class JsonEdit;
/// Gives inner nets with a setup.data of their own the current values there, in the order of the document.
void set_inner_setups(JsonEdit& edit, const Json& document, const BuiltModel& built, std::span<const Tensor> current,
                      SetupDataAs as, WeightsFile* file);
/// What stands in a document under a JSON pointer without escaped characters; null where nothing does.
Json value_at(const Json& document, std::string_view pointer);

/// The model with one of its nets written as layers of it, once for each net where that changes nothing that is computed.
/// Without weights in setup.data; parameters keep their order.
std::vector<Json> merge_nets(const Model& model, const BuiltModel& built);

/// First and last layer of a part, by name or by index in digits.
struct LayerRange {
  std::string from, to;
};

/// The layers of the range as a model: in front of them an input layer of the dimensions that flow into the first one.
/// Without weights in setup.data: `kept` says which parameters of `built` remain. Throws SPLIT, naming all flows that
/// cross the cuts beside the one between neighbours.
Json cut_model(const Model& model, const BuiltModel& built, const LayerRange& range, std::vector<std::size_t>& kept);

}  // namespace webai
