// Random valid models from a number: layers, pipes, named targets, joins, convolutions, pools, normalisations, cells, nets,
// iterators, activations, own operations, io blocks, weights inside and outside of the layers. The same number gives the
// same model everywhere.
#pragma once

#include <string>
#include <vector>

#include "support/random_numbers.h"
#include "webai/json.hpp"

namespace webai::test {

class RandomModel : public RandomNumbers {
 public:
  using RandomNumbers::RandomNumbers;

  std::string text() {
    std::vector<Member> root;
    if (chance(3)) root.emplace_back("webai", Json::integer(1));
    if (chance(6)) root.emplace_back("dataType", Json::text(pick({"fp32", "fp64", "bf16", "fp16", "u8", "i16", "i32"})));
    if (chance(2)) root.emplace_back("activation", chance(6) ? Json() : Json::text(activation()));
    if (chance(3)) root.emplace_back("seed", Json::integer(below(1000)));
    if (chance(8)) root.emplace_back("meta", Json::text("a tool's own"));
    plan();
    std::vector<Json> layers = {first_layer()};
    for (int i = 1; i <= last_; ++i) layers.push_back(layer(i));
    if (chance(2)) root.insert(root.begin() + static_cast<std::ptrdiff_t>(below(root.size() + 1)), {"io", io()});
    root.emplace_back("layers", Json::array(std::move(layers)));
    if (own_operations_) root.emplace_back("operations", operations());
    if (!named_.empty() && chance(4))
      root.emplace_back("outputs", Json::array({Json::object({{"pipeFrom", Json::text(named_[at(below(named_.size()))])}})}));
    if (chance(4))
      root.emplace_back("setup", Json::object({{"data", Json::text("")}, {"instructions", Json::text("")}}));
    return write_json(Json::object(std::move(root)), chance(2));
  }

 private:
  using Member = Json::Member;
  using Members = std::vector<Member>;

  struct Part {
    std::string name;
    int width = 0;  // that arrives, besides what pipes share with their layer
    int live = 0;   // whether anything flows in at all
  };
  struct Place : Part {
    std::vector<Part> pipes;
    int fixed = 0;     // its size, where a flow back has been promised
    int back_to = -1;  // the layer that gets it in the next run
    bool pipes_only = false;
  };
  struct Shared {
    int inputs = 0, width = 0;
    Members members;
  };

  // Names, numbers of pipes and the part that works on images are known before the first layer is written.
  void plan() {
    images_ = chance(3) ? between(1, 4) : 0;
    last_ = images_ + (images_ ? between(1, 3) : between(1, 6));
    places_.resize(static_cast<std::size_t>(last_) + 1);
    for (int i = 0; i <= last_; ++i) {
      Place& place = places_[at(i)];
      if (chance(3)) place.name = "layer " + std::to_string(i);
      if (images_ ? i <= images_ + 1 : chance(2)) continue;
      for (int p = between(1, 3); p > 0; --p) {
        place.pipes.emplace_back();
        if (chance(2)) place.pipes.back().name = std::to_string(p) + "p" + std::to_string(i);
      }
      place.pipes_only = i > 0 && chance(4);
    }
    for (int i = images_ + 2; i <= last_; ++i) {
      Place& place = places_[at(i)];
      if (place.pipes_only || !chance(4)) continue;
      place.fixed = between(1, 4);
      place.back_to = between(images_ ? images_ + 2 : 0, i);
      places_[at(place.back_to)].width += place.fixed;
    }
    height_ = between(4, 9), columns_ = between(4, 9), channels_ = between(1, 4);
  }
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  Json first_layer() {
    Place& place = places_[0];
    if (images_) {
      const Json dims = Json::numbers({1.0 * height_, 1.0 * columns_, 1.0 * channels_});
      if (place.name.empty() && chance(2)) return dims;
      Members members = {{"size", dims}};
      add_name(members, place);
      return Json::object(std::move(members));
    }
    const int own = between(1, 6);
    if (place.name.empty() && place.pipes.empty()) {
      send(0, own + place.width, true, {});  // with the hidden inputs that later layers pipe back to it
      return chance(4) ? Json::numbers({1.0 * own}) : Json::integer(own);
    }
    Members members = {{"size", Json::integer(own)}};
    add_name(members, place);
    if (chance(4)) members.emplace_back("type", Json::text("input"));
    if (chance(6)) members.emplace_back("activation", Json::text("sigmoid"));
    send(0, own + place.width, true, &members);
    std::vector<Json> pipes;
    for (Part& part : place.pipes) {
      const int width = between(1, 4);
      Members pipe = {{"size", Json::integer(width)}};
      add_name(pipe, part);
      send(0, width, false, &pipe);
      pipes.push_back(pipe.size() == 1 ? Json::integer(width) : Json::object(std::move(pipe)));
    }
    if (!pipes.empty()) members.emplace_back("pipes", Json::array(std::move(pipes)));
    return Json::object(std::move(members));
  }

  void add_name(Members& members, const Part& part) {
    if (!part.name.empty()) members.emplace_back("name", Json::text(part.name));
    if (chance(12)) members.emplace_back("x-place", Json::numbers({1, 2}));
    if (chance(12)) members.emplace_back("label", Json::text("a:b/c"));
  }

  // Where a value goes: on to the next layer, and perhaps further or elsewhere; pipes may end nowhere.
  void send(int from, int width, bool main, Members* members) {
    const Place& source = places_[at(from)];
    const bool returns = main && source.back_to >= 0 && !source.pipes_only;
    if (members && !returns && from > images_ && chance(8)) {
      const int steps = between(1, 3);
      members->emplace_back("history", Json::integer(steps));
      if (main && from < last_ && chance(3)) {  // the past goes a way of its own
        const int target = between(from + 1, last_);
        members->emplace_back("historyTo", Json::array({Json::integer(target)}));
        places_[at(target)].width += width * steps;
      } else {
        width *= 1 + steps;
      }
    }
    if (returns) {
      std::vector<Json> targets;
      if (from < last_) {
        targets.push_back(Json::integer(from + 1));
        places_[at(from) + 1].width += width;
      }
      targets.push_back(Json::integer(source.back_to));
      members->emplace_back("to", Json::array(std::move(targets)));
      return;
    }
    const auto arrive = [&](Part& part) {
      part.width += width;
      ++part.live;
    };
    if (!members || from == last_ || !chance(3)) {
      if (from < last_) arrive(places_[at(from) + 1]);
      return;
    }
    std::vector<Json> targets;
    const bool leads_on = main || chance(2);
    for (int i = from + 1; i <= last_; ++i) {
      Place& place = places_[at(i)];
      if (i == from + 1 ? leads_on : chance(4)) {
        targets.push_back(place.name.empty() || chance(2)
                              ? Json::integer(i)
                              : Json::text(place.name + (chance(3) && !place.pipes_only ? ".input" : "")));
        arrive(place);
      }
      for (Part& pipe : place.pipes)
        if (!pipe.name.empty() && chance(6)) {
          targets.push_back(Json::text(pipe.name));
          arrive(pipe);
        }
    }
    members->emplace_back("to", targets.size() == 1 && chance(2) ? targets[0] : Json::array(targets));
  }

  Json layer(int index) {
    if (index <= images_) return image_layer(index);
    Place& place = places_[at(index)];
    if (images_ && index == images_ + 1) {
      place.width = height_ * columns_ * channels_;
      Members flat = {{"type", Json::text("flatten")}};
      add_name(flat, place);
      send(index, place.width, true, &flat);
      return Json::object(std::move(flat));
    }
    Members members;
    add_name(members, place);
    if (!place.pipes_only) {
      const int width = operate(members, place.width, index == last_ && place.pipes.empty(), place.fixed);
      if (members.size() == 1 && members[0].first == "size" && place.pipes.empty() && index == last_ &&
          place.back_to < 0)
        return members[0].second;
      send(index, width, true, &members);
      if (!place.name.empty()) named_.push_back(place.name);
    }
    std::vector<Json> pipes;
    for (Part& part : place.pipes) {
      Members pipe;
      add_name(pipe, part);
      const int width = operate(pipe, place.width + part.width, false);
      send(index, width, place.pipes_only && pipes.empty(), &pipe);
      pipes.push_back(pipe.size() == 1 && pipe[0].first == "size" ? pipe[0].second : Json::object(std::move(pipe)));
    }
    if (!pipes.empty()) members.emplace_back("pipes", Json::array(std::move(pipes)));
    return Json::object(std::move(members));
  }

  // One operator over a row of `inputs` numbers; answers how many come out.
  int operate(Members& members, int inputs, bool may_fold, int fixed = 0) {
    if (fixed > 0) {
      members.emplace_back("size", Json::integer(fixed));
      return fixed;
    }
    switch (below(13)) {
      case 10:
        return sequence(members);
      case 11:
        return net(members, inputs);
      case 12:
        return iterator(members, inputs, may_fold);
      case 3: {
        const int units = between(1, 4);
        const std::string cell = pick({"rnn", "gru", "lstm", "lstm-n", "lstm-p"});
        members.emplace_back("type", Json::text(cell));
        members.emplace_back("size", Json::integer(units));
        if (cell == "gru" && chance(2)) members.emplace_back("resetAfter", Json::boolean(chance(2)));
        if (chance(4)) members.emplace_back("activation", chance(2) ? Json() : Json::text("tanh"));
        return units;
      }
      case 0: {
        static constexpr const char* names[] = {"tanh", "elu", "leakyRelu", "hardSigmoid", "relu6"};
        if (chance(3)) return own_operation(members, inputs);
        const std::string name = names[below(5)];
        members.emplace_back("type", Json::text(name));
        if ((name == "elu" || name == "leakyRelu") && chance(2)) members.emplace_back("alpha", Json::number(0.3));
        return inputs;
      }
      case 1:
        members.emplace_back("type", Json::text("dropout"));
        if (chance(2)) members.emplace_back("rate", Json::number(chance(2) ? 0.5 : 0.25));
        return inputs;
      case 2:
        normalise(members, inputs);
        return inputs;
      default:
        return neurons(members, inputs, may_fold);
    }
  }

  // One of the two that operations() defines.
  int own_operation(Members& members, int inputs) {
    own_operations_ = true;
    const bool gated = chance(2);
    members.emplace_back("type", Json::text(gated ? "gated" : "twice"));
    if (gated && chance(2)) members.emplace_back("activation", Json::text("sigmoid"));
    return inputs;
  }

  static Json operations() {
    return read_json(R"([
      {"name": "twice", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]},
       "body": {"steps": [{"op": "mul", "inputs": ["input", 2]}]}},
      {"name": "gated", "model": {"defineParams": ["*input", "@*weights", "activation", {"name": "size", "default": ":input"}]},
       "body": {"steps": [{"op": "matmul", "inputs": ["input", "weights"], "name": "product"},
                          {"op": "activation", "inputs": ["product"], "name": "gate"},
                          {"op": "mul", "inputs": ["gate", "input"]}]}}])", {});
  }

  // Each number is a step.
  int sequence(Members& members) {
    const int units = between(1, 3);
    const std::string cell = pick({"rnn", "gru", "lstm", "lstm-n", "lstm-p"}), direction = pick({"forward", "backward", "both"});
    members.emplace_back("type", Json::text("recurrent"));
    members.emplace_back("cell", Json::text(cell));
    members.emplace_back("units", Json::integer(units));
    if (direction != "forward" || chance(2)) members.emplace_back("direction", Json::text(direction));
    if (cell == "gru" && chance(2)) members.emplace_back("resetAfter", Json::boolean(true));
    if (cell == "lstm" && chance(2)) members.emplace_back("peepholes", Json::boolean(true));
    if (chance(4)) members.emplace_back("bias", Json::boolean(false));
    return direction == "both" ? 2 * units : units;
  }

  // Two layers, or two inputs and a layer, in a model of their own.
  int net(Members& members, int inputs) {
    for (const Shared& one : shared_)
      if (one.inputs == inputs && chance(2)) {
        members.insert(members.end(), one.members.begin(), one.members.end());
        return one.width;
      }
    std::vector<Json> layers;
    if (inputs > 1 && chance(2)) {
      const int first = between(1, inputs - 1);
      layers.push_back(Json::object({{"pipes", Json::array({Json::object({{"name", Json::text("one")}, {"size", Json::integer(first)}}),
                                                            Json::object({{"name", Json::text("two")}, {"size", Json::integer(inputs - first)}})})}}));
    } else {
      layers.push_back(Json::integer(inputs));
    }
    int width = inputs;
    if (chance(4)) {  // what comes in counts as places in a table, also what is none
      const int rows = between(1, 3);
      Members table = {{"type", Json::text("embedding")}, {"inputDim", Json::integer(between(1, 5))}, {"outputDim", Json::integer(rows)}};
      layers.push_back(Json::object(std::move(table)));
      width *= rows;
    }
    for (int i = between(1, 2); i > 0; --i) {
      Members hidden;
      width = neurons(hidden, width, false);
      layers.push_back(Json::object(std::move(hidden)));
    }
    Members inner, made = {{"type", Json::text("net")}};
    if (chance(2)) inner.emplace_back("activation", Json::text(activation()));
    inner.emplace_back("layers", Json::array(std::move(layers)));
    made.emplace_back("net", Json::object(std::move(inner)));
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
    Members given = {{"name", Json::text("given")}, {"size", Json::integer(inputs)}, {"to", Json::text("next")}};
    Members old = {{"name", Json::text("old")}, {"type", Json::text("tanh")}, {"pipeFrom", Json::text("x")}, {"to", Json::text("next")}};
    Members next = {{"name", Json::text("next")}, {"size", Json::integer(width)}, {"activation", Json::text("tanh")}, {"to", Json::array({Json::text("x"), Json::text("done")})}};
    if (chance(3)) next.emplace_back("bias", row(width));
    Members done = {{"name", Json::text("done")}, {"size", Json::integer(1)}, {"to", Json::array({})}};
    members.emplace_back("type", Json::text("iterator"));
    members.emplace_back("steps", chance(2) ? Json::integer(steps)
                                            : Json::object({{"from", Json::integer(steps)}, {"to", Json::integer(1)}, {"step", Json::integer(-1)}}));
    members.emplace_back("state", Json::array({Json::object({{"name", Json::text("x")}, {"size", Json::integer(width)}})}));
    std::vector<Json> layers = {Json::object(std::move(given)), Json::object(std::move(old))};
    if (!named_.empty() && chance(2))  // something of the model around, the same in every step
      layers.push_back(Json::object({{"name", Json::text("far")},
                                     {"type", Json::text("tanh")},
                                     {"pipeFrom", Json::text(named_[at(below(named_.size()))])},
                                     {"to", Json::text("next")}}));
    layers.push_back(Json::object(std::move(next)));
    layers.push_back(Json::object(std::move(done)));
    const int end = below(4);
    if (end == 1) members.emplace_back("until", Json::text("done"));
    if (end == 2) members.emplace_back("until", Json::object({{"pipeFrom", Json::text("done")}, {"below", number()}}));
    const bool collects = may_collect && chance(2);
    if (collects) members.emplace_back("collect", chance(2) ? Json::boolean(true) : Json::array({Json::text("x"), Json::text("old")}));
    members.emplace_back("net", Json::object({{"layers", Json::array(std::move(layers))}}));
    return width;
  }

  void normalise(Members& members, int channels) {
    const bool batch = chance(2);
    members.emplace_back("type", Json::text(batch ? "batchNorm" : "layerNorm"));
    if (chance(3)) members.emplace_back("epsilon", Json::number(chance(2) ? 0.001 : 0.01));
    if (chance(4)) members.emplace_back("scale", row(channels));
    if (chance(4)) members.emplace_back("bias", chance(2) ? row(channels) : Json());
    if (batch && chance(4)) members.emplace_back("movingMean", row(channels));
    if (chance(5)) members.emplace_back("activation", Json::text(activation()));
  }

  int neurons(Members& members, int inputs, bool may_fold) {
    int count = between(1, 7);
    if (chance(8)) members.emplace_back("type", Json::text("neurons"));
    if (chance(8)) {
      members.emplace_back("connections", Json::text("one-to-one"));
      count = inputs;
      if (chance(2)) members.emplace_back("weights", row(count));
    } else if (chance(10)) {
      std::vector<Json> mask;
      for (int i = 0; i < inputs; ++i) {
        std::vector<double> one;
        for (int k = 0; k < count; ++k) one.push_back(below(2));
        mask.push_back(Json::numbers(std::move(one)));
      }
      members.emplace_back("connections", Json::array(std::move(mask)));
    } else {
      if (chance(10)) members.emplace_back("connections", Json::text("all-to-all"));
      if (chance(4)) {
        std::vector<Json> rows;
        for (int i = 0; i < inputs; ++i) rows.push_back(row(count));
        members.emplace_back("weights", Json::array(std::move(rows)));
      } else if (chance(6)) {
        members.emplace_back("weights", row(inputs * count));
      } else if (chance(10)) {
        members.emplace_back("weights", Json::boolean(true));
      }
    }
    if (chance(2)) {
      const int kind = below(5);
      members.emplace_back("bias", kind == 0   ? Json::boolean(false)
                                   : kind == 1 ? Json()
                                   : kind == 2 ? number()
                                               : row(count));
    }
    if (chance(3)) members.emplace_back("activation", chance(6) ? Json() : Json::text(activation()));
    if (may_fold && chance(3) && count % 2 == 0)
      members.emplace_back("size", Json::numbers({2, count / 2.0}));
    else
      members.emplace_back("size", chance(6) ? Json::numbers({1.0 * count}) : Json::integer(count));
    return count;
  }

  Json counts(int low, int high, int& rows, int& columns) {
    rows = between(low, high);
    columns = chance(2) ? rows : between(low, high);
    return rows == columns && chance(2) ? Json::integer(rows) : Json::numbers({1.0 * rows, 1.0 * columns});
  }

  Json image_layer(int index) {
    Members members;
    add_name(members, places_[at(index)]);
    const int kind = below(5);
    if (kind == 0) {
      normalise(members, channels_);
    } else if (kind == 1 && height_ > 3 && columns_ > 3) {
      int rows = 0, columns = 0;
      members.emplace_back("type", Json::text(pick({"maxPool2d", "averagePool2d"})));
      members.emplace_back("poolSize", counts(2, 3, rows, columns));
      const bool same = chance(2);
      if (same) members.emplace_back("padding", Json::text("same"));
      height_ = same ? (height_ + rows - 1) / rows : (height_ - rows) / rows + 1;
      columns_ = same ? (columns_ + columns - 1) / columns : (columns_ - columns) / columns + 1;
    } else if (kind == 2) {
      const int multiplier = between(1, 2);
      members.emplace_back("type", Json::text("depthwiseConv2d"));
      if (multiplier > 1 || chance(2)) members.emplace_back("depthMultiplier", Json::integer(multiplier));
      channels_ *= multiplier;
      members.emplace_back("padding", Json::text("same"));
      window(members);
    } else {
      const int groups = channels_ % 2 == 0 && chance(3) ? 2 : 1, filters = groups * between(1, 3);
      members.emplace_back("type", Json::text("conv2d"));
      members.emplace_back("filters", Json::integer(filters));
      if (groups > 1 || chance(4)) members.emplace_back("groups", Json::integer(groups));
      if (chance(4)) members.emplace_back("dilationRate", Json::integer(between(1, 2)));
      channels_ = filters;
      members.emplace_back("padding", Json::text("same"));
      if (chance(3)) members.emplace_back("bias", chance(2) ? Json::boolean(false) : row(filters));
      window(members);
    }
    return Json::object(std::move(members));
  }

  void window(Members& members) {
    int rows = 0, columns = 0;
    members.emplace_back("kernelSize", counts(1, 3, rows, columns));
    if (chance(3)) {
      members.emplace_back("strides", counts(1, 2, rows, columns));
      height_ = (height_ + rows - 1) / rows;
      columns_ = (columns_ + columns - 1) / columns;
    }
    if (chance(3)) members.emplace_back("activation", Json::text(pick({"relu", "tanh", "silu"})));
  }

  Json io() {
    Members sides;
    if (chance(2))
      sides.emplace_back("input", Json::object({{"normalize", Json::object({{"type", Json::text("rescale-linear")},
                                                                            {"from", Json::numbers({-1, 1})},
                                                                            {"to", Json::numbers({0, 1})}})}}));
    if (chance(2))
      sides.emplace_back("output",
                         Json::object({{"denormalize", Json::object({{"type", Json::text("one-hot-to-label")},
                                                                     {"labels", Json::array({Json::text("yes")})}})}}));
    return Json::object(std::move(sides));
  }

  int images_ = 0;  // the layers 1 .. images_ work on images, then comes a flatten layer
  int last_ = 0;
  int height_ = 0, columns_ = 0, channels_ = 0;
  std::vector<Place> places_;
  std::vector<std::string> named_;  // layers that "outputs" and nets of iterators may pull from
  std::vector<Shared> shared_;      // nets that others may share their weights with
  bool own_operations_ = false;
};

}  // namespace webai::test
