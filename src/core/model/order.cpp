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
    if (!model_.layers.empty()) inputs_go_first(model_.layers.front());
    for (const Route& route : model_.routes) {
      if (route.target == 0 || route.delayed || route.history) continue;
      depend(from(route), to(route));
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

  // An operation that takes no data is told by the inputs beside it how many samples there are.
  void inputs_go_first(const Layer& first) {
    std::vector<const Layer*> elements = {&first};
    for (const Layer& pipe : first.pipes) elements.push_back(&pipe);
    for (const Layer* input : elements)
      for (const Layer* other : elements)
        if (input->type == "input" && other->custom) depend(itself(input->id), itself(other->id));
  }

  static std::size_t from(const Route& route) { return route.hidden ? join_of(route.source) : itself(route.source); }
  static std::size_t to(const Route& route) {
    return route.parameter.empty() ? join_of(route.target) : itself(route.target);
  }

  // Every step that still waits waits for another one: going back from one to the next ends up in a circle, and one of
  // the flows there is a pull.
  [[noreturn]] void refuse_circle() const {
    std::vector<std::size_t> before(open_.size(), 0);
    std::size_t step = 0;
    for (std::size_t i = join_of(1); i < open_.size(); ++i) {
      if (open_[i] == 0) continue;
      step = i;
      for (const std::size_t next : followers_[i]) before[next] = i;
    }
    for (std::size_t i = 0; i < open_.size(); ++i) step = before[step];
    std::vector<bool> in_circle(open_.size(), false);
    for (; !in_circle[step]; step = before[step]) in_circle[step] = true;
    const auto pull = std::ranges::find_if(model_.routes, [&](const Route& route) {
      return route.pulled && route.target != 0 && in_circle[to(route)] && before[to(route)] == from(route);
    });
    if (pull == model_.routes.end()) throw Error(Code::internal, "layers wait for each other without a pull");
    const Layer& target = model_.element(pull->target);
    throw Error(Code::invalid_model,
                {.message = "\"" + target.title + "\" pulls from \"" + model_.element(pull->source).title +
                            "\", which needs it in the same run: the flow runs in a circle",
                 .reason = "FLOW_CYCLE",
                 .path = pull->path,
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
