#include "core/model/export_cut_ends.h"

#include <algorithm>
#include <vector>

namespace webai {
bool gives_other_values(const Model& model, int last, const Shape& joined) {
  const auto layer_of = [&](int id) { return model.element(id).layer_index; };
  std::vector<int> crossing, leaving;
  for (const Route& route : model.routes) {
    if (route.hidden || layer_of(route.source) != last || route.target == 0 || layer_of(route.target) <= last) continue;
    if (!route.output.empty() && route.output != "0") return true;
    crossing.push_back(route.source);
  }
  const Layer& layer = model.layers[static_cast<std::size_t>(last)];
  const auto crosses = [&](const Layer& part) {  // by a target, which would be none any more
    return std::ranges::any_of(model.routes, [&](const Route& route) {
      return route.source == part.id && !route.pulled && route.target != 0 && layer_of(route.target) > last;
    });
  };
  bool remembers = false;  // a history that would be an output crosses no cut
  const auto see = [&](const Layer& part) {
    if (!part.operates() || (part.is_pipe && part.routed && !crosses(part))) return;
    leaving.push_back(part.id);
    remembers = remembers || (part.history > 0 && !part.history_routed);
  };
  see(layer);
  for (const Layer& pipe : layer.pipes) see(pipe);
  std::ranges::sort(crossing);
  // What is joined for the next layer would stand one behind the other, sample by sample, in flat outputs.
  return remembers || crossing != leaving || (leaving.size() > 1 && joined.rank() > 1);
}

}  // namespace webai
