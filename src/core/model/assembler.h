// From layers and routes to nodes: joins arrivals, lets each layer write itself, sends its output on. Private to
// core/model.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/build.h"
#include "core/model/custom_layer.h"
#include "core/model/feedback.h"
#include "core/model/layer_builder.h"
#include "core/model/model_inputs.h"

namespace webai {

/// What flows into a layer, and from where.
struct Arrival {
  Ref value;
  std::string from;  ///< title of the source, for error texts
};

class Assembler {
 public:
  Assembler(const Context& context, const Registry& registry, const Model& model, BuildOptions options,
            const SourceSizes& learned);
  BuiltModel run();
  /// Builds what can be built while some sizes are unknown, leaving out what flows from there, and returns the sizes of
  /// `wanted` so far. `complaint` is the first error that was not for want of something left out.
  SourceSizes learn(const std::vector<FlowSource>& wanted, std::optional<Error>& complaint);

 private:
  void check_buildable() const;
  // Rows of a table, as those of a vocabulary, are no numbers between 0 and 1 either; which inputs say such shows when
  // all is built.
  void keep_counts(std::vector<NamedValue>& outputs);
  Ref& own(int id) { return own_[static_cast<std::size_t>(id)]; }
  Ref& joined(int id) { return joined_[static_cast<std::size_t>(id)]; }
  Shape dims_of(Ref value) const { return built_.dims_of(builder_.shape(value)); }
  Ref value_of(FlowSource source) { return source.hidden ? joined(source.id) : own(source.id); }
  // One of the outputs of a layer that gives several, by number or name. Throws TARGET_UNKNOWN where there is none.
  Ref output_of(const Layer& layer, const std::string& which, const std::string& path);
  // In a trial: what a layer gives that cannot be built yet, but whose size is known.
  Ref placeholder(const Layer& layer, const Shape& dims);
  std::optional<Shape> size_of_net(const Layer& layer);
  // What a route brings; invalid when a trial does not know it yet.
  Ref arrival_by(const Route& route);
  // What is piped into the default input, or into `parameter`, in document order of the sources.
  std::vector<Arrival> arrivals(const Layer& layer, std::string_view parameter = {});
  // Positive: a layer or pipe; negative: the join of what is piped into it.
  void build_step(int step);
  // What a layer gets is joined once; its own operator and its pipes share it.
  std::vector<Arrival> incoming(const Layer& layer);
  std::vector<PipedParameter> piped_parameters(const Layer& layer);
  // Inputs, layers that take parameters only, and nets that nothing flows into: on the first layer their inputs are the
  // model's, behind it they get all by name.
  bool goes_without_flow(const Layer& layer) const;
  const OutsidePull* pulled_from_outside(const Layer& layer) const;
  // An input of the graph for each thing that the net of an iterator pulls from around it.
  Ref outside(const OutsidePull& pull);
  // An input of an iterator's net, perhaps under a size of its own.
  Ref input_from_outside(const Layer& layer, const OutsidePull& pull);
  /// One operator instance: input, own operator, activation. Errors get its place.
  Ref build_element(const Layer& layer);
  Ref input_value(const Layer& layer);
  Ref write_operator(LayerBuilder& writer);
  // Operations that a program or the model defined call their activation themselves where they take it.
  Ref write_custom(LayerBuilder& writer, const std::vector<PipedParameter>& piped);
  Feed feed_of(const Layer& layer, Ref joined, std::string_view parameter) const;
  Ref declare_input(const Layer& layer);
  // Named inputs by name, the first layer "input", others by their number.
  std::string input_name(const Layer& layer);
  void check_bytes(const Layer& layer, const Shape& dims) const;
  void check_output(const Layer& layer, Ref value) const;
  Ref join(const Layer& layer, const std::vector<Arrival>& incoming);
  static std::string title(const Layer& layer);
  // What flows out of the last layer, or what the root's `outputs` pull.
  std::vector<NamedValue> outputs();

  const Model& model_;
  BuildOptions options_;
  BuiltModel built_;
  GraphBuilder builder_;
  ModelInputs inputs_;
  Feedback feedback_;
  std::vector<std::vector<const Route*>> incoming_;  // by id of the target
  std::vector<Ref> own_, joined_;                    // by id: its output; the join of what is piped into it
  std::vector<std::vector<GivenOutput>> outputs_;    // by id: of those that give several
  bool trial_ = false;                               // only sizes are wanted
  bool left_out_ = false;                            // in a trial: something that flows in is not known yet
  std::set<std::string, std::less<>> names_;         // that the author gave
};

}  // namespace webai
