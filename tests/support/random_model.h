// Random valid models from a number: layers, pipes, named targets, joins, images and sequences of fixed or open
// lengths, normalisations, cells, nets, iterators, activations, own operations, io blocks, weights inside and outside
// of the layers, ties. The same number gives the same model everywhere.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "support/random_nets.h"
#include "support/random_ties.h"

namespace webai::test {

class RandomModel : public RandomNets {
 public:
  using RandomNets::RandomNets;

  std::string text() {
    plan(plan_front());
    std::vector<Json> layers = {first_layer()};
    for (int i = 1; i <= last_; ++i) layers.push_back(layer(i));
    Members root = root_words();
    const std::vector<std::string> names = !named_.empty() && chance(4) ? output_names() : std::vector<std::string>();
    if (chance(2)) root.insert(root.begin() + static_cast<std::ptrdiff_t>(below(root.size() + 1)), {"io", io(names)});
    root.emplace_back("layers", Json::array(std::move(layers)));
    if (own_operations_) root.emplace_back("operations", operations());
    if (!names.empty()) root.emplace_back("outputs", outputs(names));
    if (chance(4)) root.emplace_back("setup", setup());
    const std::string text = write_json(Json::object(std::move(root)), chance(2));
    return chance(4) ? RandomTies(static_cast<std::uint64_t>(below(1000))).tied(text) : text;
  }

  /// Has another seed each time it is built.
  bool starts_anew() const { return starts_anew_; }

 private:
  Members root_words() {
    Members root;
    if (chance(3)) root.emplace_back("webai", Json::integer(1));
    if (chance(6))
      root.emplace_back("dataType", Json::text(pick({"fp32", "fp64", "bf16", "fp16", "u8", "i16", "i32"})));
    if (chance(2)) root.emplace_back("activation", chance(6) ? Json() : Json::text(activation()));
    if (chance(3)) {
      starts_anew_ = chance(8);
      root.emplace_back("seed", starts_anew_ ? Json() : Json::integer(below(1000)));
    }
    if (chance(8)) root.emplace_back("meta", Json::text("a tool's own"));
    return root;
  }

  Json first_layer() {
    Place& place = places_[0];
    if (front_) return front_input(place);
    const int own = between(1, 6);
    if (place.name.empty() && place.pipes.empty()) {
      send(0, own + place.width, true, nullptr);  // with the hidden inputs that later layers pipe back to it
      return chance(4) ? Json::numbers({1.0 * own}) : Json::integer(own);
    }
    Members members = {{"size", Json::integer(own)}};
    add_name(members, place);
    if (chance(4)) members.emplace_back("type", Json::text("input"));
    if (chance(6)) members.emplace_back("activation", Json::text("sigmoid"));
    send(0, own + place.width, true, &members);
    std::vector<Json> pipes;
    for (Part& part : place.pipes) pipes.push_back(input_pipe(part));
    if (!pipes.empty()) members.emplace_back("pipes", Json::array(std::move(pipes)));
    return Json::object(std::move(members));
  }

  Json input_pipe(Part& part) {
    if (!part.to.empty()) return labelled(part);
    const int width = between(1, 4);
    Members pipe = {{"size", Json::integer(width)}};
    add_name(pipe, part);
    send(0, width, false, &pipe);
    return pipe.size() == 1 ? Json::integer(width) : Json::object(std::move(pipe));
  }

  static Json labelled(const Part& part) {
    return Json::object({{"size", Json::integer(part.fixed)}, {"to", Json::text(part.to)}});
  }

  Json layer(int index) {
    Place& place = places_[at(index)];
    if (index <= front_) return front_layer(place);
    Members members;
    add_name(members, place);
    add_pull(members, place);
    if (front_ && index == front_ + 1) {
      send(index, fold(members), true, &members);
      return Json::object(std::move(members));
    }
    if (!place.pipes_only) {
      const int width = place.fixed > 0 ? promised(members, place)
                                        : operate(members, place.width, index == last_ && place.pipes.empty());
      if (members.size() == 1 && members[0].first == "size" && place.pipes.empty() && index == last_ &&
          place.back_to < 0)
        return members[0].second;
      send(index, width, true, &members);
      if (!place.name.empty()) named_.push_back({.name = place.name, .width = width});
    }
    std::vector<Json> pipes;
    for (Part& part : place.pipes)
      pipes.push_back(part.to.empty() ? pipe(index, part, place.pipes_only && pipes.empty()) : labelled(part));
    if (!pipes.empty()) members.emplace_back("pipes", Json::array(std::move(pipes)));
    return Json::object(std::move(members));
  }

  Json pipe(int index, const Part& part, bool leads_on) {
    Members members;
    add_name(members, part);
    send(index, operate(members, places_[at(index)].width + part.width, false), leads_on, &members);
    return members.size() == 1 && members[0].first == "size" ? members[0].second : Json::object(std::move(members));
  }

  int promised(Members& members, const Place& place) {
    members.emplace_back("size", Json::integer(place.fixed));
    if (!place.shift.empty()) members.emplace_back("bias", Json::text(place.shift));
    return place.fixed;
  }

  // One operator over a row of `inputs` numbers; answers how many come out.
  int operate(Members& members, int inputs, bool may_fold) {
    switch (below(14)) {
      case 0:
        return chance(3) ? own_operation(members, inputs) : activated(members, inputs);
      case 1:
        return dropout(members, inputs);
      case 2:
        return normalise(members, inputs);
      case 3:
        return cell(members);
      case 4:
        return sequence(members);
      case 5:
        return net(members, inputs);
      case 6:
        return iterator(members, inputs, may_fold);
      case 7:
        return named_.empty() ? neurons(members, inputs, may_fold) : piped_neurons(members, inputs, named_);
      default:
        return neurons(members, inputs, may_fold);
    }
  }

  // Some have none; others are called as layers are, also as another layer than the one that they come from.
  std::vector<std::string> output_names() {
    std::vector<std::string> names;
    for (int count = between(1, 2); count > 0; --count) {
      std::string name = chance(3) ? "" : chance(2) ? pick({"a", "b", "0", "answer"}) : named_[at(below(named_.size()))].name;
      if (std::ranges::find(names, name) != names.end()) name.clear();
      names.push_back(std::move(name));
    }
    return names;
  }

  Json outputs(const std::vector<std::string>& names) {
    std::vector<Json> list;
    for (const std::string& name : names) {
      Members output = {{"pipeFrom", Json::text(named_[at(below(named_.size()))].name)}};
      if (!name.empty()) output.emplace_back("name", Json::text(name));
      list.push_back(Json::object(std::move(output)));
    }
    return Json::array(std::move(list));
  }

  Json setup() {
    if (chance(4)) return Json();
    const Json none = chance(3) ? Json() : Json::text("");
    return Json::object({{"data", none}, {"instructions", none}});
  }

  Json io(const std::vector<std::string>& outputs) {
    Members sides;
    if (chance(2))
      sides.emplace_back("input",
                         Json::object({{"normalize", chance(6) ? Json()
                                                               : Json::object({{"type", Json::text("rescale-linear")},
                                                                               {"from", Json::numbers({-1, 1})},
                                                                               {"to", Json::numbers({0, 1})}})}}));
    Members named;
    for (const std::string& name : outputs)
      if (!name.empty() && chance(2))
        named.emplace_back(name, Json::object({{"denormalize", Json::object({{"type", Json::text("rescale-linear")},
                                                                             {"from", Json::numbers({0, 1})},
                                                                             {"to", Json::numbers({0, 1.0 * between(2, 9)})}})}}));
    if (!named.empty())
      sides.emplace_back("output", Json::object(std::move(named)));
    else if (chance(2))
      sides.emplace_back("output",
                         Json::object({{"denormalize", Json::object({{"type", Json::text("one-hot-to-label")},
                                                                     {"labels", Json::array({Json::text("yes")})}})}}));
    return Json::object(std::move(sides));
  }

  bool starts_anew_ = false;
};

}  // namespace webai::test
