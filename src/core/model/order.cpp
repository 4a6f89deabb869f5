// The order in which one run can compute all layers. Flows go forward in the document, except for pulls.
#include <algorithm>
#include <queue>

#include "core/model/parse.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// Every layer and pipe is two steps: the join of what is piped into it, then itself. The steps of layer or pipe `id`
// are numbered so that the document's order is that of the numbers.
std::size_t join_of(int id) { return 2 * static_cast<std::size_t>(id); }
std::size_t itself(int id) { return join_of(id) + 1; }

class Orderer {
 public:
  explicit Orderer(Model& model)
      : model_(model), followers_(join_of(model.element_count + 1)), open_(followers_.size()) {}

  void run() {
    for (const Layer& layer : model_.layers) {
      if (layer.type != "input") depend(join_of(layer.id), itself(layer.id));
      for (const Layer& pipe : layer.pipes) {
        if (pipe.type == "input") continue;  // what is piped into it stands behind its own values
        depend(join_of(pipe.id), itself(pipe.id));
        depend(join_of(layer.id), itself(pipe.id));
      }
    }
    for (const Route& route : model_.routes) {
      if (route.target == 0 || route.delayed || route.history) continue;
      depend(route.hidden ? join_of(route.source) : itself(route.source),
             route.parameter.empty() ? join_of(route.target) : itself(route.target));
    }
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t step = join_of(1); step < open_.size(); ++step)
      if (open_[step] == 0) ready.push(step);
    while (!ready.empty()) {
      const std::size_t step = ready.top();
      ready.pop();
      const int id = static_cast<int>(step / 2);
      model_.order.push_back(step == join_of(id) ? -id : id);
      for (const std::size_t next : followers_[step])
        if (--open_[next] == 0) ready.push(next);
    }
    if (model_.order.size() < open_.size() - join_of(1)) refuse_circle();
  }

 private:
  void depend(std::size_t before, std::size_t after) {
    followers_[before].push_back(after);
    ++open_[after];
  }

  // A circle consists of steps that still wait; one of its flows is a pull.
  [[noreturn]] void refuse_circle() const {
    const auto pull = std::ranges::find_if(model_.routes, [&](const Route& route) {
      return route.pulled && open_[itself(route.target)] > 0 && open_[itself(route.source)] > 0;
    });
    const Route& route = pull == model_.routes.end() ? model_.routes.front() : *pull;
    const Layer& target = model_.element(route.target);
    throw Error(Code::invalid_model,
                {.message = "\"" + target.title + "\" pulls from \"" + model_.element(route.source).title +
                            "\", which needs it in the same run: the flow runs in a circle",
                 .reason = "FLOW_CYCLE",
                 .path = route.path,
                 .layer = target.name,
                 .hint = "push with \"to\" from the later layer: what it gives then arrives in the next run"});
  }

  Model& model_;
  std::vector<std::vector<std::size_t>> followers_;  // by step
  std::vector<int> open_;                            // how many steps each step waits for
};

}  // namespace

void order_layers(Model& model) { Orderer(model).run(); }

}  // namespace webai
