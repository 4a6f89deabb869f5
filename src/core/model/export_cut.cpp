// A part of a model as a model of its own.
#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>

#include "core/base/names.h"
#include "core/model/export.h"
#include "core/model/export_cut_ends.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::size_t most_named = 8;  // offenders in one message

class Cutter {
 public:
  Cutter(const Model& model, const BuiltModel& built, const LayerRange& range)
      : model_(model), built_(built), first_(find(range.from, 0)), last_(find(range.to, layer_count() - 1)) {
    if (first_ > last_)
      fail("the part begins behind its end: layer " + std::to_string(first_) + " to " + std::to_string(last_),
           "layers",
           "{\"from\": 1, \"to\": 3} with the smaller index first", std::to_string(first_) + " to " + std::to_string(last_));
    if (first_ > 0) shift_ = 1 - first_;
  }

  Json run(std::vector<std::size_t>& kept) {
    find_offenders();
    std::vector<Json> layers;
    if (first_ > 0) layers.push_back(new_input());
    const Json& given = *model_.json.find("layers");
    joins_ = last_ + 1 < layer_count() && gives_other_values(model_, last_, flowing_into(last_ + 1));
    for (int i = first_; i <= last_; ++i) layers.push_back(moved_layer(model_.layers[at(i)], given.at(at(i))));
    if (joins_) layers.push_back(joining_layer());
    std::vector<Json::Member> members;
    for (const auto& [key, value] : model_.json.members()) {
      if (key == "setup" || key == "setupData") continue;
      if (key == "layers")
        members.emplace_back(key, Json::array(std::move(layers)));
      else if (key == "io")
        add_io(members, value);
      else if (key == "outputs") {
        if (auto outputs = moved_outputs(value)) members.emplace_back(key, std::move(*outputs));
      } else
        members.emplace_back(key, value);
    }
    // Tied parameters have values of their own in a part, in the order in which they stand there.
    Places places;
    for (std::size_t i = 0; i < built_.parameters.size(); ++i) {
      const BuiltParameter& parameter = built_.parameters[i];
      places.emplace_back(parameter.owner, parameter.index, i);
      for (const BuiltTie& tie : built_.ties)
        if (tie.setup.empty() && tie.like == parameter.name) places.emplace_back(tie.table_owner, tie.table_index, i);
    }
    add_shared(places);
    std::ranges::sort(places);
    for (const auto& [owner, index, from] : places)
      if (inside(layer_of(owner))) kept.push_back(from);
    return Json::object(std::move(members));
  }

 private:
  using Places = std::vector<std::tuple<int, int, std::size_t>>;  // owner, index among its parameters, which of the model

  // What nets share is that of the first of them in the part.
  void add_shared(Places& places) const {
    for (const auto& [share, values] : built_.shared_nets) {
      int first = 0;
      for (int id = 1; id <= model_.element_count && first == 0; ++id) {
        const Json* name = model_.element(id).net ? model_.element(id).properties.find("share") : nullptr;
        if (name && name->is_text() && name->as_text() == share && inside(layer_of(id))) first = id;
      }
      for (std::size_t k = 0; k < values.size() && first > 0; ++k) {
        const auto parameter = std::ranges::find(built_.parameters, values[k], &BuiltParameter::value);
        if (parameter == built_.parameters.end() || inside(layer_of(parameter->owner))) continue;
        places.emplace_back(first, static_cast<int>(k), static_cast<std::size_t>(parameter - built_.parameters.begin()));
      }
    }
  }

  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  int layer_count() const { return static_cast<int>(model_.layers.size()); }
  int layer_of(int id) const { return model_.element(id).layer_index; }
  bool inside(int layer) const { return layer >= first_ && layer <= last_; }

  [[noreturn]] static void fail(std::string message, std::string path, std::string hint, std::string crossing) {
    throw Error(Code::invalid_argument, {.message = std::move(message),
                                         .reason = "SPLIT",
                                         .path = std::move(path),
                                         .expected = "one flow from layer to layer",
                                         .actual = std::move(crossing),
                                         .hint = std::move(hint)});
  }

  int find(const std::string& name, int otherwise) const {
    if (name.empty()) return otherwise;
    std::vector<std::string_view> known;
    for (const Layer& layer : model_.layers) {
      if (layer.name == name) return layer.layer_index;
      if (!layer.name.empty()) known.push_back(layer.name);
    }
    int index = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (error == std::errc() && end == name.data() + name.size() && index >= 0 && index < layer_count()) return index;
    if (name == "input") return 0;  // where no layer is called so, the ends of the model are meant
    if (name == "output") return layer_count() - 1;
    throw Error(Code::not_found,
                {.message = "layers: there is no layer \"" + name + "\"",
                 .reason = "LAYER",
                 .path = "layers",
                 .expected = "a layer's name, or an index from 0 to " + std::to_string(layer_count() - 1),
                 .actual = "\"" + name + "\"",
                 .hint = did_you_mean(name, known, "`webai inspect` shows the layers, their names and indices")});
  }

  // From one layer to the next one's default input: the only flow that a cut may cross.
  bool is_main_flow(const Route& route, int next) const {
    return route.target == model_.layers[at(next)].id && route.parameter.empty() && !route.delayed && !route.history;
  }

  std::string described(const Route& route) const {
    const auto name = [&](int id) { return "\"" + model_.element(id).title + "\""; };
    const char* kind = route.history ? " (history)" : route.delayed ? " (delivered in the next run)" : "";
    return name(route.source) + " -> " + name(route.target) + (route.parameter.empty() ? "" : "." + route.parameter) +
           kind;
  }

  void find_offenders() const {
    std::vector<const Route*> offenders;
    bool enters = first_ == 0, leaves = last_ + 1 == layer_count();
    for (const Route& route : model_.routes) {
      const int source = layer_of(route.source), target = route.target ? layer_of(route.target) : layer_count();
      const auto side = [&](int layer) { return layer < first_ ? -1 : layer > last_ ? 1 : 0; };
      if (side(source) == side(target)) continue;
      if (route.target == 0 && inside(source)) continue;  // an output stays one
      const bool in = first_ > 0 && side(source) < 0 && is_main_flow(route, first_);
      const bool out =
          last_ + 1 < layer_count() && source == last_ && is_main_flow(route, last_ + 1) && !mixed(route.source);
      enters = enters || in;
      leaves = leaves || out;
      if (!in && !out) offenders.push_back(&route);
    }
    if (offenders.empty() && enters && leaves) return;
    if (offenders.empty())
      fail(!enters ? "nothing flows into layer " + std::to_string(first_) + " from the layers before it"
                   : "nothing flows out of layer " + std::to_string(last_),
           "layers",
           "cut where a layer takes what the layers before it give", "none");
    std::string list;
    for (std::size_t i = 0; i < offenders.size() && i < most_named; ++i)
      list += (i ? ", " : "") + described(*offenders[i]);
    if (offenders.size() > most_named) list += " and " + std::to_string(offenders.size() - most_named) + " more";
    fail("layers " + std::to_string(first_) + " to " + std::to_string(last_) + " cannot be split off: " + list +
             (offenders.size() == 1 ? " crosses the cut" : " cross the cut"),
         offenders.front()->path, "cut where only one flow goes from layer to layer", list);
  }

  // A pipe with targets of its own is no output any more; one that goes both ways cannot be written down.
  bool mixed(int id) const {
    return model_.element(id).is_pipe && std::ranges::any_of(model_.routes, [&](const Route& route) {
             return route.source == id && !route.history && route.target && inside(layer_of(route.target));
           });
  }

  // What a flow brings: its source's own values, or on inputs the hidden ones behind them.
  Shape brought_by(const Route& route, std::size_t depth = 0) const {
    if (!route.hidden) {
      const auto built = std::ranges::find(built_.layers, route.source, &BuiltLayer::id);
      return built == built_.layers.end() ? Shape{} : built->output;
    }
    Shape shape;
    for (const Route& into : model_.routes)
      if (into.target == route.source && into.parameter.empty() && depth < model_.layers.size())
        shape = joined(shape, brought_by(into, depth + 1));
    return shape;
  }

  static Shape joined(const Shape& a, const Shape& b) {
    if (a.rank() == 0 || b.rank() == 0) return a.rank() == 0 ? b : a;
    const std::size_t last = a.rank() - 1;
    return a.with(last, a[last] + b[last]);
  }

  Shape flowing_into(int layer) const {
    Shape shape;
    for (const Route& route : model_.routes)
      if (layer_of(route.source) < layer && is_main_flow(route, layer)) shape = joined(shape, brought_by(route));
    return shape;
  }

  Json new_input() const {
    const Shape shape = flowing_into(first_);
    if (shape.rank() == 0) fail("a scalar flows into layer " + std::to_string(first_) + ", which no input is", "layers",
                                "cut one layer earlier or later", "a scalar");
    std::vector<Json> dims;
    for (const Dimension dim : shape.dims()) dims.push_back(dim.is_symbol() ? Json() : Json::integer(dim.value()));
    return dims.size() == 1 && dims[0].is_number() ? dims[0] : Json::object({{"size", Json::array(std::move(dims))}});
  }

  // Behind the input there is no vocabulary any more that says how many tokens there are.
  Json counted(const Layer& layer, Json json) const {
    const std::int64_t tokens = vocabulary_size(model_.io);
    if (tokens == 0 || !json.is_object()) return json;
    if (layer.type == "embedding" && !json.find("inputDim")) return json.with("inputDim", Json::integer(tokens));
    if (!layer.net) return json;
    const Json* net = json.find("net");
    std::vector<Json> layers;
    for (std::size_t i = 0; i < layer.net->layers.size(); ++i) {
      const Layer& inner = layer.net->layers[i];
      Json one = counted(inner, net->find("layers")->at(i));
      for (const char* key : {"pipes", "pipe"}) {
        const Json* given = one.is_object() ? one.find(key) : nullptr;
        std::vector<Json> pipes;
        for (std::size_t k = 0; given && k < inner.pipes.size(); ++k) pipes.push_back(counted(inner.pipes[k], given->at(k)));
        if (given) one = one.with(key, Json::array(std::move(pipes)));
      }
      layers.push_back(std::move(one));
    }
    return json.with("net", net->with("layers", Json::array(std::move(layers))));
  }

  // Stands where the layer behind the part stood and takes what that took, where the part's last layer would give
  // something else: its own values too, though they only go back, or its history.
  Json joining_layer() const {
    const Layer& next = model_.layers[at(last_ + 1)];
    const auto names_it = [&](const Layer& part) {
      return std::ranges::any_of(part.to, [](const Target& target) { return !target.index; });
    };
    const Layer& last = model_.layers[at(last_)];
    std::vector<Json::Member> members;
    if (!next.name.empty() && (names_it(last) || std::ranges::any_of(last.pipes, names_it)))
      members.emplace_back("name", Json::text(next.name));
    members.emplace_back("type", Json::text(model_.domain == "core" ? "identity" : "core#identity"));
    if (!next.pipe_from.empty()) members.emplace_back("pipeFrom", moved_pull(Json::text(next.pipe_from)));
    return Json::object(std::move(members));
  }

  Json moved_layer(const Layer& layer, const Json& given) const {
    if (!given.is_object()) return given;
    const Json json = first_ > 0 ? counted(layer, given) : given;
    std::vector<Json::Member> members;
    for (const auto& [key, value] : json.members()) {
      if (key == "to" || key == "toLayers") {
        add_targets(members, key, value, layer, layer.to, layer.layer_index == last_ && !joins_);
      } else if (key == "historyTo") {
        add_targets(members, key, value, layer, layer.history_to, false);
      } else if (key == "pipeFrom") {
        // The new input in front flows on by itself.
        if (layer.is_pipe || layer.layer_index != first_ || first_ == 0) members.emplace_back(key, moved_pull(value));
      } else if (value.is_object() && value.find("pipeFrom")) {
        members.emplace_back(key, value.with("pipeFrom", moved_pull(*value.find("pipeFrom"))));
      } else if ((key == "pipes" || key == "pipe") && !layer.is_pipe) {
        std::vector<Json> pipes;
        for (std::size_t i = 0; i < layer.pipes.size(); ++i) pipes.push_back(moved_layer(layer.pipes[i], value.at(i)));
        members.emplace_back(key, Json::array(std::move(pipes)));
      } else {
        members.emplace_back(key, value);
      }
    }
    return Json::object(std::move(members));
  }

  // Indices move with their layers; what leads out of the last layer is an output now, which needs no target.
  void add_targets(std::vector<Json::Member>& members, const std::string& key, const Json& value, const Layer& source,
                   const std::vector<Target>& targets, bool drops_outside) const {
    std::vector<Json> list;
    bool dropped = false;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const Json given = value.is_array() ? value.at(i) : value;
      if (drops_outside && leads_outside(source, targets[i]))
        dropped = true;
      else
        list.push_back(targets[i].index ? Json::integer(*targets[i].index + shift_) : given);
    }
    if (dropped && list.empty()) return;
    members.emplace_back(key, value.is_array() ? Json::array(std::move(list)) : list.front());
  }

  // Layers without a name are pulled from by their number.
  Json moved_pull(const Json& value) const {
    if (!value.is_text()) return value;
    const std::string& text = value.as_text();
    const std::string producer = text.substr(0, text.find(':'));
    for (int id = 1; id <= model_.element_count; ++id)
      if (model_.element(id).name == producer) return value;
    int index = 0;
    const auto [end, error] = std::from_chars(producer.data(), producer.data() + producer.size(), index);
    const auto digits = static_cast<std::size_t>(end - producer.data());
    if (error != std::errc() || (digits < producer.size() && *end != '/')) return value;  // "2/0": its first pipe
    return Json::text(std::to_string(index + shift_) + text.substr(digits));
  }

  // Outputs by pull stay outputs of a part that reaches the end and holds them all.
  std::optional<Json> moved_outputs(const Json& outputs) const {
    std::size_t held = 0;
    for (const ModelOutput& output : model_.outputs) held += inside(layer_of(output.source)) ? 1 : 0;
    if (held == 0) return std::nullopt;
    if (held < model_.outputs.size() || last_ + 1 < layer_count())
      fail("the model's outputs cannot be split between parts", "/outputs",
           "let the part end with the last layer, or begin with the first", "outputs on both sides");
    std::vector<Json> list;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const Json item = outputs.at(i);
      list.push_back(item.is_object() && item.find("pipeFrom")
                         ? item.with("pipeFrom", moved_pull(*item.find("pipeFrom")))
                         : moved_pull(item));
    }
    return Json::array(std::move(list));
  }

  bool leads_outside(const Layer& source, const Target& target) const {
    return std::ranges::any_of(model_.routes, [&](const Route& route) {
      return route.source == source.id && route.path == target.path && route.target && layer_of(route.target) > last_;
    });
  }

  // Rules of inputs and outputs stay with those that stay.
  void add_io(std::vector<Json::Member>& members, const Json& io) const {
    std::set<std::string, std::less<>> left_out;
    bool has_inputs = first_ == 0;
    if (first_ > 0)  // nets and iterators that stood first have some as well
      for (const BuiltInput& input : built_.inputs) left_out.insert({input.name, input.label});
    for (int id = 1; id <= model_.element_count; ++id) {
      if (model_.element(id).type != "input") continue;
      const std::string& name = std::ranges::find(built_.layers, id, &BuiltLayer::id)->input_name;
      if (!inside(layer_of(id))) {
        left_out.insert(name);
        continue;
      }
      has_inputs = true;
      left_out.erase(name);
      left_out.erase(model_.element(id).label);
    }
    std::vector<Json::Member> sides;
    for (const auto& [side, rules] : io.members()) {
      if (side == "output" ? last_ + 1 < layer_count() : side == "input" && !has_inputs) continue;
      if (side != "input" || !rules.is_object()) {
        sides.emplace_back(side, side == "output" && first_ > 0 ? with_own_vocabularies(rules, io, model_.io) : rules);
        continue;
      }
      const bool whole = !model_.io.input.empty() && model_.io.input.front().name.empty();
      if (whole && first_ > 0 && !model_.io.input.front().empty())
        fail("rules for all inputs cannot be split: the new first input takes none", "/io/input",
             "give the rules to inputs by their names", "rules of two inputs");
      std::vector<Json::Member> left;
      for (const auto& [name, value] : rules.members())
        if (whole || !left_out.contains(name)) left.emplace_back(name, value);
      sides.emplace_back(side, Json::object(std::move(left)));
    }
    if (!sides.empty()) members.emplace_back("io", Json::object(std::move(sides)));
  }

  const Model& model_;
  const BuiltModel& built_;
  int first_, last_;
  std::int64_t shift_ = 0;
  bool joins_ = false;  // a layer behind the last one gives what crosses the cut
};

}  // namespace

Json cut_model(const Model& model, const BuiltModel& built, const LayerRange& range, std::vector<std::size_t>& kept) {
  return Cutter(model, built, range).run(kept);
}

}  // namespace webai
