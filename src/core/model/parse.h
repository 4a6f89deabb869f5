// What the readers of root, layers and routes share while one model is parsed. Private to core/model.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/definitions.h"
#include "core/model/model.h"
#include "core/model/vocabulary.h"

namespace webai {

struct ParseState {
  const Context& context;
  const Registry& registry;
  ModelOptions options;
  AliasLog& aliases;
  std::uint64_t& elements;       ///< layers and pipes so far, those of inner nets included
  std::size_t depth = 0;         ///< of nets in nets
  std::string path = {};         ///< of the model itself: "" or "/layers/2/net"
  const Model* outer = nullptr;  ///< whose domain and data type an inner net takes
  const Layer* iterator = nullptr;  ///< whose net this is: its states may be pulled and written
  std::shared_ptr<const Definitions> definitions = {};  ///< of the context, as it was when reading began
};

/// Throws LIMIT_EXCEEDED where the document, inner nets included, has more than `most` layers and pipes, or as many other
/// parts: one that has too many costs a look.
void check_part_counts(const Json& model, std::uint64_t most);
Model parse_model_object(ParseState& state, const Json& json);
/// How many layers in front are the inputs of an iterator's net: those that only pull; so is an input layer in front of
/// them, which takes what flows into the iterator.
int count_heads(const Json& layers);
/// Reads `outputs`, which stands at `path`: [{name, pipeFrom}]. Who is meant is found when all layers are known.
std::vector<ModelOutput> parse_outputs(const ParseState& state, const Json& list, const std::string& path);
/// Reads one entry of `layers`, with its pipes.
Layer parse_layer(ParseState& state, Model& model, const Json& json, int index);
/// "a layer", "a pipe", "a conv2d layer", for errors.
std::string owner_of(const Layer& layer);
/// Throws unless the layer's type knows each of its words, with a value of that kind, and has those that it needs.
void check_layer_words(const ParseState& state, const Layer& layer, DType computed);
/// Reads the steps and the states of an iterator.
void parse_iterator(const Context& context, Layer& layer);
/// Reads a size; each open dimension is a symbol of the model.
Shape parse_size(const Context& context, Model& model, const Layer& layer, const Json& value);
/// Reads `shapeHints` of an input: one for each dimension of its size.
std::vector<ShapeHint> parse_shape_hints(const Layer& layer, const Json& hints);
/// An operation that the model, the models around it or the program defined; null where there is none.
std::shared_ptr<const UserOperation> find_custom(const ParseState& state, const Model& model, std::string_view domain,
                                                 std::string_view name);
/// Whether the name, which may be "domain#name", is an activation in the domain.
bool is_activation(const ParseState& state, const Model& model, const std::string& domain, const std::string& name);
/// The activation of the domain, null for a built-in one. Throws NOT_ACTIVATION unless `name` is one.
std::shared_ptr<const UserOperation> check_activation(const ParseState& state, const Model& model,
                                                      const std::string& domain, const std::string& name,
                                                      const std::string& path);
/// Throws NOT_FOUND unless there is such a domain.
void check_domain(const ParseState& state, const std::string& domain, const std::string& path);
/// The inputs that a model takes, by name; empty for those without one.
std::vector<std::string> input_names(const Model& model);
/// Finds what `to`, `historyTo` and `pipeFrom` mean, and the flows between neighbours.
void resolve_routes(const ParseState& state, Model& model);
/// Fills model.order from the routes. Throws FLOW_CYCLE when pulls run in a circle.
void order_layers(Model& model);

}  // namespace webai
