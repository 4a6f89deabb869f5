// Models inside of random models: nets, whose layers have names, flows and nets of their own, and iterators.
#pragma once

#include <string>
#include <vector>

#include "support/random_fronts.h"

namespace webai::test {

class RandomNets : public RandomFronts {
 protected:
  using RandomFronts::RandomFronts;

  // A net, or one that shares its weights with one before.
  int net(Members& members, int inputs) {
    for (const Shared& one : shared_)
      if (one.inputs == inputs && chance(2)) {
        members.insert(members.end(), one.members.begin(), one.members.end());
        return one.width;
      }
    Members made = {{"type", Json::text("net")}};
    int width = inputs;
    made.emplace_back("net", inner_model(width, inner_inputs(width, 2), 2));
    if (chance(2)) {
      made.emplace_back("share", Json::text("common " + std::to_string(shared_.size())));
      shared_.push_back({inputs, width, made});
    }
    members.insert(members.end(), made.begin(), made.end());
    return width;
  }

  // x' = f(what flows in, x), until something of it passes a bound.
  int iterator(Members& members, int inputs, bool may_collect) {
    const int width = between(1, 3), steps = between(1, 4);
    members.emplace_back("type", Json::text("iterator"));
    members.emplace_back(
        "steps",
        chance(2)
            ? Json::integer(steps)
            : Json::object({{"from", Json::integer(steps)}, {"to", Json::integer(1)}, {"step", Json::integer(-1)}}));
    members.emplace_back("state",
                         Json::array({Json::object({{"name", Json::text("x")}, {"size", Json::integer(width)}})}));
    const int end = below(4);
    if (end == 1) members.emplace_back("until", Json::text("done"));
    if (end == 2) members.emplace_back("until", Json::object({{"pipeFrom", Json::text("done")}, {"below", number()}}));
    if (may_collect && chance(2))
      members.emplace_back("collect",
                           chance(2) ? Json::boolean(true) : Json::array({Json::text("x"), Json::text("old")}));
    members.emplace_back("net", Json::object({{"layers", Json::array(step_layers(inputs, width))}}));
    return width;
  }

  std::vector<Part> named_;  // layers that "outputs", parameters and nets of iterators may pull from

 private:
  struct Shared {
    int inputs = 0, width = 0;
    Members members;
  };

  // Takes and answers the number of values that flow in and out. `depth`: how deep further nets may stand in it.
  Json inner_model(int& width, const std::vector<Part>& inputs, int depth) {
    std::vector<Json> layers = {inner_input(inputs)};
    const std::vector<Part> arriving = chance(4) ? std::vector<Part>() : inputs;
    if (arriving.empty()) layers.push_back(table(width));
    std::vector<Part> hidden(at(between(1, 3)));  // by layer: its name, and what arrives from further in front
    for (std::size_t i = 0; i < hidden.size(); ++i)
      if (chance(2)) hidden[i].name = pick({"inner ", "layer "}) + std::to_string(i);
    std::vector<Part> known;
    const int first = static_cast<int>(layers.size());
    for (std::size_t i = 0; i < hidden.size(); ++i) {
      Members members;
      if (!hidden[i].name.empty()) members.emplace_back("name", Json::text(hidden[i].name));
      if (depth > 0 && chance(6))
        further_net(members, width += hidden[i].width, i == 0 ? arriving : std::vector<Part>(), depth - 1);
      else
        width = inner_operator(members, width + hidden[i].width, known);
      if (!hidden[i].name.empty()) known.push_back({.name = hidden[i].name, .width = width});
      if (i + 1 < hidden.size() && chance(2)) skip(members, hidden, i, first, width);
      if (i + 1 == hidden.size() && chance(5)) width += further_output(members);
      layers.push_back(Json::object(std::move(members)));
    }
    Members made;
    if (chance(2)) made.emplace_back("activation", chance(6) ? Json() : Json::text(activation()));
    made.emplace_back("layers", Json::array(std::move(layers)));
    return Json::object(std::move(made));
  }

  // One without or with a name, or two.
  std::vector<Part> inner_inputs(int count, int depth) {
    if (count == 1 || chance(2)) return {{.name = chance(2) ? "" : "given", .width = count}};
    const int first = between(1, count - 1);
    const std::string level = depth == 2 ? "" : " of " + std::to_string(depth);
    return {{.name = "one" + level, .width = first}, {.name = "two" + level, .width = count - first}};
  }

  static Json inner_input(const std::vector<Part>& inputs) {
    std::vector<Json> pipes;
    for (const Part& input : inputs) {
      if (input.name.empty()) return Json::integer(input.width);
      pipes.push_back(Json::object({{"name", Json::text(input.name)}, {"size", Json::integer(input.width)}}));
    }
    return pipes.size() == 1 ? pipes[0] : Json::object({{"pipes", Json::array(std::move(pipes))}});
  }

  // Its inputs may be called as what flows into it, in another order: then they are bound by name.
  void further_net(Members& members, int& width, std::vector<Part> arriving, int depth) {
    std::vector<Part> inputs(arriving.rbegin(), arriving.rend());
    if (inputs.size() != 2 || chance(2)) inputs = inner_inputs(width, depth);
    members.emplace_back("type", Json::text("net"));
    members.emplace_back("net", inner_model(width, inputs, depth));
  }

  // What comes in counts as places in a table, also what is none.
  Json table(int& width) {
    const int rows = between(1, 3);
    width *= rows;
    return Json::object({{"type", Json::text("embedding")},
                         {"inputDim", Json::integer(between(1, 5))},
                         {"outputDim", Json::integer(rows)}});
  }

  int inner_operator(Members& members, int inputs, const std::vector<Part>& known) {
    return known.empty() || !chance(3) ? neurons(members, inputs) : piped_neurons(members, inputs, known);
  }

  // To the next layer and the last one, each by name or by number.
  void skip(Members& members, std::vector<Part>& hidden, std::size_t from, int first, int width) {
    std::vector<Json> targets;
    const auto send_to = [&](std::size_t i) {
      targets.push_back(hidden[i].name.empty() || chance(3) ? Json::integer(first + static_cast<int>(i))
                                                            : Json::text(hidden[i].name));
    };
    send_to(from + 1);
    if (from + 2 < hidden.size()) {
      send_to(hidden.size() - 1);
      hidden.back().width += width;
    }
    members.emplace_back("to", targets.size() == 1 && chance(2) ? targets[0] : Json::array(targets));
  }

  int further_output(Members& members) {
    const int width = between(1, 3);
    Members pipe = {{"size", Json::integer(width)}};
    if (chance(2)) pipe.emplace_back("name", Json::text("beside"));
    members.emplace_back("pipes", Json::array({Json::object(std::move(pipe))}));
    return width;
  }

  std::vector<Json> step_layers(int inputs, int width) {
    const auto named = [](const char* name, Members rest) {
      rest.insert(rest.begin(), {"name", Json::text(name)});
      return Json::object(std::move(rest));
    };
    Members next = {{"size", Json::integer(width)},
                    {"activation", Json::text("tanh")},
                    {"to", Json::array({Json::text("x"), Json::text("done")})}};
    if (chance(3)) next.emplace_back("bias", row(width));
    std::vector<Json> layers = {
        named("given", {{"size", Json::integer(inputs)}, {"to", Json::text("next")}}),
        named("old", {{"type", Json::text("tanh")}, {"pipeFrom", Json::text("x")}, {"to", Json::text("next")}})};
    if (!named_.empty() && chance(2))  // something of the model around, the same in every step
      layers.push_back(named("far", {{"type", Json::text("tanh")},
                                     {"pipeFrom", Json::text(named_[at(below(named_.size()))].name)},
                                     {"to", Json::text("next")}}));
    layers.push_back(named("next", std::move(next)));
    layers.push_back(named("done", {{"size", Json::integer(1)}, {"to", Json::array({})}}));
    return layers;
  }

  std::vector<Shared> shared_;  // nets that others may share their weights with
};

}  // namespace webai::test
