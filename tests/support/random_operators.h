// Operators of random models over a row of numbers, with their weights inside and outside of the layers.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "support/random_flows.h"

namespace webai::test {

class RandomOperators : public RandomFlows {
 protected:
  using RandomFlows::RandomFlows;

  static bool has(const Members& members, std::string_view key) {
    return std::ranges::find(members, key, &Member::first) != members.end();
  }

  // Each answers how many numbers come out of `inputs`.
  int neurons(Members& members, int inputs, bool may_fold = false, int wanted = 0) {
    int count = wanted > 0 ? wanted : between(1, 7);
    if (chance(8)) members.emplace_back("type", Json::text("neurons"));
    if (wanted == 0 && chance(8)) {
      members.emplace_back("connections", Json::text("one-to-one"));
      count = inputs;
      if (chance(2)) members.emplace_back("weights", row(count));
    } else if (chance(10)) {
      members.emplace_back("connections", mask(inputs, count));
    } else {
      if (chance(10)) members.emplace_back("connections", Json::text("all-to-all"));
      give_weights(members, inputs, count);
    }
    if (chance(2)) members.emplace_back("bias", bias(count));
    if (chance(3)) members.emplace_back("activation", chance(6) ? Json() : Json::text(activation()));
    if (may_fold && chance(3) && count % 2 == 0)
      members.emplace_back("size", Json::numbers({2, count / 2.0}));
    else
      members.emplace_back("size", chance(6) ? Json::numbers({1.0 * count}) : Json::integer(count));
    return count;
  }

  // The bias or the weights are what another layer gives: several may pull the same.
  int piped_neurons(Members& members, int inputs, const std::vector<Part>& sources) {
    const Part& source = sources[at(below(sources.size()))];
    const Json pull = Json::object({{"pipeFrom", Json::text(source.name)}});
    if (source.width % inputs == 0 && chance(2)) {
      const int count = source.width / inputs;
      members.emplace_back("weights", pull);
      members.emplace_back("size", Json::integer(count));
      return count;
    }
    members.emplace_back("bias", pull);
    members.emplace_back("size", Json::integer(source.width));
    return source.width;
  }

  int cell(Members& members) {
    const int units = between(1, 4);
    const std::string type = cell_type();
    members.emplace_back("type", Json::text(type));
    members.emplace_back("size", Json::integer(units));
    if (type == "gru" && chance(2)) members.emplace_back("resetAfter", Json::boolean(chance(2)));
    if (chance(4)) members.emplace_back("activation", chance(2) ? Json() : Json::text("tanh"));
    if (chance(5)) members.emplace_back("bias", Json());
    return units;
  }

  // Each number is a step.
  int sequence(Members& members) {
    const int units = between(1, 3);
    const std::string type = cell_type(), direction = pick({"forward", "backward", "both"});
    members.emplace_back("type", Json::text("recurrent"));
    members.emplace_back("cell", Json::text(type));
    members.emplace_back("units", Json::integer(units));
    if (direction != "forward" || chance(2)) members.emplace_back("direction", Json::text(direction));
    if (type == "gru" && chance(2)) members.emplace_back("resetAfter", Json::boolean(true));
    if (type == "lstm" && chance(2)) members.emplace_back("peepholes", Json::boolean(true));
    if (chance(4)) members.emplace_back("bias", chance(2) ? Json() : Json::boolean(false));
    return direction == "both" ? 2 * units : units;
  }

  int activated(Members& members, int inputs) {
    const std::string name = pick({"tanh", "elu", "leakyRelu", "hardSigmoid", "relu6"});
    members.emplace_back("type", Json::text(name));
    if ((name == "elu" || name == "leakyRelu") && chance(2)) members.emplace_back("alpha", Json::number(0.3));
    return inputs;
  }

  int dropout(Members& members, int inputs) {
    members.emplace_back("type", Json::text("dropout"));
    if (chance(2)) members.emplace_back("rate", Json::number(chance(2) ? 0.5 : 0.25));
    return inputs;
  }

  int normalise(Members& members, int channels) {
    const bool batch = chance(2);
    members.emplace_back("type", Json::text(batch ? "batchNorm" : "layerNorm"));
    if (chance(3)) members.emplace_back("epsilon", Json::number(chance(2) ? 0.001 : 0.01));
    if (chance(4)) members.emplace_back("scale", chance(4) ? Json() : row(channels));
    if (chance(4)) members.emplace_back("bias", chance(2) ? row(channels) : Json());
    if (batch && chance(4)) members.emplace_back("movingMean", row(channels));
    if (chance(5)) members.emplace_back("activation", Json::text(activation()));
    return channels;
  }

  // One of those that operations() defines.
  int own_operation(Members& members, int inputs) {
    own_operations_ = true;
    const std::string type = pick({"twice", "gated", "dense", "sums"});
    members.emplace_back("type", Json::text(type));
    if (type == "gated" && chance(2)) members.emplace_back("activation", Json::text(chance(2) ? "sigmoid" : "sloped"));
    if (type != "dense") return inputs;
    const int units = between(1, 3);
    members.emplace_back("size", Json::integer(units));
    if (chance(3)) members.emplace_back("bias", number());
    return units;
  }

  static Json operations() {
    return read_json(R"([
      {"name": "twice", "model": {"defineParams": ["*input", {"name": "size", "default": ":input"}]},
       "body": {"steps": [{"op": "mul", "inputs": ["input", 2]}]}},
      {"name": "gated", "model": {"defineParams": ["*input", "@*weights", "activation", {"name": "size", "default": ":input"}]},
       "body": {"steps": [{"op": "matmul", "inputs": ["input", "weights"], "name": "product"},
                          {"op": "activation", "inputs": ["product"], "name": "gate"},
                          {"op": "mul", "inputs": ["gate", "input"]}]}},
      {"name": "dense", "model": {"defineParams": ["*input", "@*weights", "@bias"]},
       "body": {"steps": [{"op": "matmul", "inputs": ["input", "weights"], "name": "product"},
                          {"op": "add", "inputs": ["product", "bias"]}]}},
      {"name": "sums", "model": {"defineParams": ["*input", {"name": "~*sum", "default": {"size": ":input"}}, {"name": "size", "default": ":input"}]},
       "body": {"steps": [{"op": "mul", "inputs": ["sum", 0.5], "name": "half"}, {"op": "add", "inputs": ["input", "half"], "name": "now"}], "state": {"sum": "now"}}},
      {"name": "sloped", "model": {"isActivation": true, "defineParams": ["*input", "@slope"]},
       "body": {"steps": [{"op": "mul", "inputs": ["input", "slope"]}]}}])",
                     {});
  }

  bool own_operations_ = false;

 private:
  std::string cell_type() { return pick({"rnn", "gru", "lstm", "lstm-n", "lstm-p"}); }

  Json mask(int inputs, int count) {
    std::vector<Json> rows;
    for (int i = 0; i < inputs; ++i) {
      std::vector<double> one;
      for (int k = 0; k < count; ++k) one.push_back(below(2));
      rows.push_back(Json::numbers(std::move(one)));
    }
    return Json::array(std::move(rows));
  }

  void give_weights(Members& members, int inputs, int count) {
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

  Json bias(int count) {
    switch (below(5)) {
      case 0:
        return Json::boolean(false);
      case 1:
        return Json();
      case 2:
        return number();
      default:
        return row(count);
    }
  }
};

}  // namespace webai::test
