// Counting what a graph costs, and writing it for people.
#include "core/model/describe.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "core/model/flow_notes.h"
#include "core/op/cost.h"
#include "core/op/loop.h"
#include "core/op/op_def.h"

namespace webai {
namespace {

// Intermediate values live from the node that makes them to the last that reads them, what nothing reads is not made,
// and a loop has one step's values at a time. Views share memory.
double peak_bytes(const Graph& graph) {
  std::vector<ValueId> owner(graph.values.size());
  std::vector<std::size_t> last(graph.values.size(), 0);
  std::vector<bool> read(graph.values.size(), false);
  for (std::size_t id = 0; id < owner.size(); ++id) owner[id] = static_cast<ValueId>(id);
  const auto at = [](ValueId id) { return static_cast<std::size_t>(id); };
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    const Node& node = graph.nodes[n];
    if (definition(node).view) owner[at(node.outputs[0])] = owner[at(node.inputs[0])];
    for (const ValueId input : node.inputs)
      if (input != no_value) last[at(owner[at(input)])] = n, read[at(owner[at(input)])] = true;
  }
  for (const Write& write : graph.writes) read[at(owner[at(write.value)])] = true;
  for (const NamedValue& output : graph.outputs)
    last[at(owner[at(output.value)])] = graph.nodes.size(), read[at(owner[at(output.value)])] = true;
  std::vector<std::vector<ValueId>> ends(graph.nodes.size() + 1);
  double live = 0, peak = 0;
  for (std::size_t n = 0; n < graph.nodes.size(); ++n) {
    for (const ValueId output : graph.nodes[n].outputs) {
      if (owner[at(output)] != output || !read[at(output)]) continue;
      live += bytes_of_one(graph.value(output).type);
      ends[std::max(n, last[at(output)])].push_back(output);
    }
    const double inside = is_loop(graph.nodes[n]) ? peak_bytes(*LoopView(graph.nodes[n].attributes).body) : 0;
    peak = std::max(peak, live + inside);
    for (const ValueId gone : ends[n]) live -= bytes_of_one(graph.value(gone).type);
  }
  return peak;
}

std::string number_text(double value) {
  std::array<char, 32> digits{};
  return std::string(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr);
}

std::string note_of_input(const IoRules& rules) {
  std::string text;
  for (const IoStep& step : rules.normalize) {
    text += text.empty() ? "normalised " : ", ";
    if (step.type == "rescale-linear")
      text += number_text(step.from[0]) + ".." + number_text(step.from[1]) + " -> " + number_text(step.to[0]) + ".." +
              number_text(step.to[1]);
    else if (step.type == "auto")
      text += "as learned from the data";
    else
      text += "by " + step.type;
  }
  return text;
}

std::string note_of_output(const IoRules& rules) {
  const auto labels = labels_of(rules);
  return labels.empty() ? "" : "as one of " + std::to_string(labels.size()) + " labels";
}

// 101,770
std::string grouped(std::int64_t value) {
  std::string text = std::to_string(value);
  for (std::size_t at = text.size(); at > 3 && text[at - 4] != '-'; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

// Two or three figures and a unit: 1.1 kB, 392 kB, 0.20 MFLOP
std::string figures(double value, double step, std::initializer_list<const char*> units) {
  std::size_t unit = 0;
  while (value >= step && unit + 1 < units.size()) {
    value /= step;
    ++unit;
  }
  const int decimals = value >= 10 || value == 0 ? 0 : value >= 1 ? 1 : 2;
  std::array<char, 64> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, decimals).ptr;
  return std::string(digits.data(), end) + " " + *(units.begin() + unit);
}

std::string bytes_text(double bytes) {
  return bytes < 1024 ? number_text(bytes) + " B" : figures(bytes / 1024, 1024, {"kB", "MB", "GB", "TB"});
}

// Of a layer in a net, as far as it is written: its own size, that of the last layer of its net, of the state that it
// pulls or writes.
Shape written_size(const Layer& layer, const Layer& around) {
  if (layer.size) return *layer.size;
  if (layer.type == "net") return written_size(layer.net->layers.back(), layer);
  if (layer.pipe_from == "iterator:step" || layer.pipe_from == "iterator:index") return Shape{1};
  for (const StateVariable& state : around.states) {
    const auto is_it = [&](const ModelOutput& next) { return next.source == layer.id && next.name == state.name; };
    if (layer.type == "input" ? layer.pipe_from == state.name : std::ranges::any_of(around.net->outputs, is_it))
      return state.size.value_or(Shape());
  }
  return {};
}

void add_note(std::string& notes, const std::string& note) {
  if (!note.empty()) notes += (notes.empty() ? "" : ", ") + note;
}

constexpr std::string_view layers_below = "its layers stand below, counted here";

// Of a net that has the parameters of another one: theirs are counted once.
std::string share_note(const BuiltModel& built, const Layer& layer, const std::string& title) {
  if (!layer.net || !layer.properties.find("share")) return {};
  std::int64_t count = 0;
  std::string owner;
  for (const auto& [later, first] : built.shared_names) {
    if (!later.starts_with(title + '/')) continue;
    const std::string inside = later.substr(title.size());
    if (!first.ends_with(inside)) continue;
    owner = first.substr(0, first.size() - inside.size());
    const auto parameter = std::ranges::find(built.parameters, first, &BuiltParameter::name);
    if (parameter != built.parameters.end()) count += parameter->type.shape.elements();
  }
  return count == 0 ? std::string() : "shares " + grouped(count) + " parameters with " + owner + ", counted there";
}

// The layers of the net in `around`, by what is known of them without building it: their own words, and the parameters
// that came of it.
void add_inner_rows(ModelSummary& summary, const BuiltModel& built, const Layer& around, const std::string& place, const std::string& title,
                    const std::vector<const BuiltParameter*>& parameters) {
  const auto add = [&](const Layer& layer) {
    LayerRow row{.place = place + " > " + (layer.is_pipe || layer.name.empty() ? layer.title : std::to_string(layer.layer_index)),
                 .name = layer.name,
                 .type = layer.type,
                 .path = layer.path,
                 .input = {},
                 .output = written_size(layer, around),
                 .activation = layer.activation,
                 .inner = true};
    const std::string own = title + "/" + layer.title;
    std::vector<const BuiltParameter*> deeper;
    for (const BuiltParameter* parameter : parameters) {
      const std::string_view name = parameter->name;
      if (!name.starts_with(own + '.') && !(layer.net && name.starts_with(own + '/'))) continue;  // "2/0.bias" is a pipe's
      row.parameters += parameter->type.shape.elements();
      row.bytes += parameter->type.shape.elements() * static_cast<std::int64_t>(size_of(parameter->type.type));
      deeper.push_back(parameter);
    }
    row.note = inner_note(layer, around);
    if (layer.net && row.parameters > 0) add_note(row.note, std::string(layers_below));
    if (row.parameters == 0) add_note(row.note, share_note(built, layer, own));
    const std::string inner_place = row.place;
    summary.rows.push_back(std::move(row));
    if (layer.net) add_inner_rows(summary, built, layer, inner_place, own, deeper);
  };
  for (const Layer& layer : around.net->layers) {
    if (layer.operates()) add(layer);
    for (const Layer& pipe : layer.pipes) add(pipe);
  }
}

}  // namespace

std::string structure_hash(const Model& model, const BuiltModel& built) {
  std::uint64_t hash = 14695981039346656037u;  // FNV-1a, over texts that end in a character no text contains
  const auto add = [&](std::string_view text) {
    for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 1099511628211u;
    hash = (hash ^ 0xffu) * 1099511628211u;
  };
  add(name_of(model.type));
  for (const BuiltLayer& layer : built.layers) {
    const Layer& given = model.element(layer.id);
    for (const std::string& text :
         {given.title, given.domain, given.type, layer.activation, layer.input.text(), layer.output.text()})
      add(text);
  }
  for (const BuiltParameter& parameter : built.parameters) {
    add(parameter.name);
    add(parameter.type.shape.text());
  }
  for (const BuiltState& state : built.states) {
    add(state.name);
    add(state.type.shape.text());
  }
  std::array<char, 16> digits{};
  char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), hash, 16).ptr;
  const std::string text(digits.data(), end);
  return std::string(digits.size() - text.size(), '0') + text;
}

ModelSummary summarise(const Model& model, const BuiltModel& built) {
  ModelSummary summary;
  std::vector<std::vector<const BuiltParameter*>> owned(static_cast<std::size_t>(model.element_count) + 1);
  for (const BuiltParameter& parameter : built.parameters)
    owned[static_cast<std::size_t>(parameter.owner)].push_back(&parameter);
  std::map<ValueId, std::string_view> outputs;
  for (const NamedValue& output : built.outputs) outputs.emplace(output.value, output.name);
  const FlowNotes flows(model, built);
  for (const BuiltState& state : built.states) summary.state_values += FlowNotes::lane_of(state);
  for (const BuiltInput& input : built.inputs)  // that no layer stands for: an iterator in front asks for them
    if (std::ranges::find(built.layers, input.name, &BuiltLayer::input_name) == built.layers.end())
      summary.rows.push_back({.place = "input", .name = input.name, .type = "input", .path = {}, .input = {}, .output = input.dims,
                              .activation = {}, .note = note_of_input(model.io.input_rules(input.name, input.label))});
  for (const BuiltLayer& built_layer : built.layers) {
    const Layer& layer = model.element(built_layer.id);
    const auto [index, pipe] = model.places[static_cast<std::size_t>(layer.id) - 1];
    LayerRow row{.place = std::to_string(index) + (pipe < 0 ? "" : "/" + std::to_string(pipe)),
                 .name = layer.name,
                 .type = layer.type,
                 .path = layer.path,
                 .input = built_layer.input,
                 .output = built_layer.output,
                 .activation = built_layer.activation};
    std::int64_t untrained = 0;
    for (const BuiltParameter* parameter : owned[static_cast<std::size_t>(layer.id)]) {
      const std::int64_t count = parameter->type.shape.elements();
      row.parameters += count;
      row.bytes += count * static_cast<std::int64_t>(size_of(parameter->type.type));
      if (parameter->trainable) summary.trainable += count;
      else untrained += count;
    }
    if (layer.type == "input") {
      row.note = note_of_input(model.io.input_rules(built_layer.input_name, layer.label));
      if (index == 0 && pipe < 0) row.place = "input";
    } else if (const auto output = outputs.find(built_layer.value); output != outputs.end()) {
      row.note = note_of_output(model.io.output_rules(output->second, layer.label));
      if (built.outputs.size() == 1) row.place = "output";
    }
    add_note(row.note, steps_note(layer));
    add_note(row.note, flows.of(layer));
    if (layer.net && row.parameters > 0) add_note(row.note, std::string(layers_below));
    if (row.parameters == 0) add_note(row.note, share_note(built, layer, layer.title));
    if (untrained > 0) add_note(row.note, std::to_string(untrained) + " parameters not trained");
    summary.parameters += row.parameters;
    summary.bytes += row.bytes;
    const std::string place = row.place;
    summary.rows.push_back(std::move(row));
    if (layer.net) add_inner_rows(summary, built, layer, place, layer.title, owned[static_cast<std::size_t>(layer.id)]);
  }
  for (const Node& node : built.graph.nodes) summary.operations += operations_of(built.graph, node);
  summary.run_bytes = static_cast<std::int64_t>(peak_bytes(built.graph));
  return summary;
}

namespace {

std::string sizes_text(const LayerRow& row) {
  if (row.output.rank() == 0) return "";
  return (row.input.rank() == 0 ? std::string() : row.input.text() + " -> ") + row.output.text();
}

}  // namespace

std::string text_of(const ModelSummary& summary) {
  using Cells = std::array<std::string, 7>;
  std::vector<Cells> table;
  for (const LayerRow& row : summary.rows) {
    Cells cells = {row.place, row.name.empty() || row.name == row.place ? row.type : row.name + " (" + row.type + ")",
                   sizes_text(row), row.activation};
    if (row.parameters > 0) {
      cells[4] = grouped(row.parameters) + " parameters";
      cells[5] = bytes_text(static_cast<double>(row.bytes));
    }
    cells[6] = row.note;
    table.push_back(std::move(cells));
  }
  std::array<std::size_t, 7> widths{};
  for (const Cells& cells : table)
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], cells[i].size());
  std::string text;
  for (const Cells& cells : table) {
    std::string line;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (widths[i] == 0) continue;
      if (!line.empty()) line += "  ";
      // Notes are long where much flows together, and nothing stands behind them.
      const std::string room(i + 1 == cells.size() ? 0 : widths[i] - cells[i].size(), ' ');
      line += i == 4 || i == 5 ? room + cells[i] : cells[i] + room;  // numbers to the right
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  text += grouped(summary.parameters) + " parameters, " +
          figures(summary.operations / 1e6, 1000, {"MFLOP", "GFLOP", "TFLOP"}) + " a run, " +
          bytes_text(static_cast<double>(summary.bytes)) + ", memory for one run " +
          bytes_text(static_cast<double>(summary.run_bytes)) +
          (summary.state_values > 0 ? ", keeps " + plural(summary.state_values, "value") + " from run to run" : "") +
          '\n';
  return text;
}

Json json_of(const ModelSummary& summary) {
  const auto dims = [](const Shape& shape) {
    std::vector<Json> items;
    for (const Dimension dim : shape.dims()) items.push_back(dim.is_symbol() ? Json() : Json::integer(dim.value()));
    return Json::array(std::move(items));
  };
  std::vector<Json> rows;
  for (const LayerRow& row : summary.rows)
    if (!row.inner) rows.push_back(Json::object({{"place", Json::text(row.place)},
                                 {"name", Json::text(row.name)},
                                 {"type", Json::text(row.type)},
                                 {"path", Json::text(row.path)},
                                 {"input", dims(row.input)},
                                 {"output", dims(row.output)},
                                 {"activation", Json::text(row.activation)},
                                 {"parameters", Json::integer(row.parameters)},
                                 {"bytes", Json::integer(row.bytes)},
                                 {"note", Json::text(row.note)}}));
  return Json::object({{"layers", Json::array(std::move(rows))},
                       {"parameters", Json::integer(summary.parameters)},
                       {"trainable", Json::integer(summary.trainable)},
                       {"bytes", Json::integer(summary.bytes)},
                       {"operations", Json::number(summary.operations)},
                       {"runBytes", Json::integer(summary.run_bytes)},
                       {"stateValues", Json::integer(summary.state_values)}});
}

}  // namespace webai
