// From a model to its graph: the sizes of what flows back are found by trial, then all is built.
#include "core/model/build.h"

#include <algorithm>
#include <optional>

#include "core/model/assembler.h"
#include "core/model/open_dimensions.h"
#include "core/model/setup_data.h"
#include "core/model/setup_instructions.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t most_trials = 16;

// Sizes of what flows back from layers that do not say theirs: by trial builds, until one finds what it assumed.
SourceSizes learn_sizes(const Context& context, const Registry& registry, const Model& model, BuildOptions options) {
  const std::vector<FlowSource> wanted = unsized_sources(model);
  SourceSizes sizes;
  if (wanted.empty()) return sizes;
  options.fill = false;
  options.sizes_only = true;
  const FlowSource* culprit = nullptr;
  for (std::size_t trial = 0; trial < std::min(wanted.size(), most_trials) + 2; ++trial) {
    std::optional<Error> complaint;
    SourceSizes found = Assembler(context, registry, model, options, sizes).learn(wanted, complaint);
    const bool settled = found == sizes;
    if (settled && found.size() == wanted.size()) return sizes;
    if (settled && complaint) throw *complaint;
    culprit = &*std::ranges::find_if(wanted, [&](const FlowSource& source) {
      const auto before = sizes.find(source), now = found.find(source);
      return before == sizes.end() || now == found.end() || before->second != now->second;
    });
    if (settled) break;
    sizes = std::move(found);
  }
  const Layer& layer = model.element(culprit->id);
  throw Error(Code::invalid_model, {.message = "the size of \"" + layer.title + "\" depends on itself",
                                    .reason = "SIZE_LOOP",
                                    .path = layer.path,
                                    .layer = layer.name,
                                    .hint = "its values flow back to where they come from: give size"});
}

std::uint64_t models_in(const Model& model) {
  std::uint64_t count = 1;
  for (int id = 1; id <= model.element_count; ++id)
    if (const auto& net = model.element(id).net) count += models_in(*net);
  return count;
}

// Sizes that are found by trial build what is inside again: of iterators in iterators the builds multiply.
void count_build(const Model& model, BuildOptions& options) {
  constexpr std::uint64_t most_builds = 1024, most_builds_of_each = 8;
  if (!options.builds_left) options.builds_left = std::make_shared<std::uint64_t>(most_builds + most_builds_of_each * models_in(model));
  if (*options.builds_left == 0)
    throw Error(Code::limit_exceeded, {.message = "finding the sizes in these models by trial takes too many trials",
                                       .reason = "BUILDS",
                                       .path = model.layers.empty() ? "/layers" : model.layers.front().path,
                                       .hint = "give \"size\" to the layers of inner models whose values flow back"});
  --*options.builds_left;
}

}  // namespace

BuiltModel build_model(const Context& context, const Registry& registry, const Model& model, BuildOptions options) {
  count_build(model, options);
  if (!options.lengths && has_open_sizes(model))
    return build_by_example(model, options,
                            [&](BuildOptions own) { return build_model(context, registry, model, std::move(own)); });
  if (!options.inner) options.inner = std::make_shared<InnerModels>();
  options.ties = nullptr;  // they are those of the model around
  const SourceSizes sizes = learn_sizes(context, registry, model, options);
  BuiltModel built = Assembler(context, registry, model, options, sizes).run();
  const std::vector<PlacedParameter> places = placed_parameters(model, built);
  if (const auto ties = tied_groups(model, built, places); !ties.empty()) {
    // Names are known now: once more, with one value for all that share it.
    const BuiltModel apart = std::move(built);
    options.ties = &ties;
    built = Assembler(context, registry, model, options, sizes).run();
    keep_numbers(apart, built);
  }
  if (options.fill) fill_parameters(context, model, built, places, options.files);
  return built;
}

}  // namespace webai
