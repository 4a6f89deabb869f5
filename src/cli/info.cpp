// webai info: a model in rows and totals.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/model_file.h"
#include "cli/terminal.h"

namespace webai::cli {
namespace {

constexpr std::size_t columns = 7;
using Row = std::array<std::string, columns>;  // place, type, shapes, activation, parameters, bytes, note
constexpr std::array<bool, columns> to_the_right = {false, false, false, false, true, true, false};

std::string flops_text(double flops) {
  const char* unit = " FLOP";
  for (const char* next : {" kFLOP", " MFLOP", " GFLOP", " TFLOP"}) {
    if (flops < (unit[1] == 'F' ? 1000 : unit[1] == 'k' ? 100 : 1000)) break;
    flops /= 1000;
    unit = next;
  }
  return unit[1] == 'F' ? fmt::format("{:.0f}{}", flops, unit) : fmt::format("{:.2f}{}", flops, unit);
}

std::string shape_json(const Shape& shape) {
  std::vector<std::string> lengths;
  for (const Dimension dim : shape.dims()) lengths.push_back(dim.is_symbol() ? "null" : std::to_string(dim.value()));
  return json_list(lengths);
}

Row row_of(const LayerInfo& layer) {
  const bool is_input = layer.type == "input";
  Row row;
  row[0] = layer.inner         ? layer.place
           : is_input          ? "input"
           : layer.name.empty() ? layer.place
                                : layer.name;
  row[1] = layer.inner && !layer.name.empty() ? layer.name + " (" + layer.type + ")"
           : is_input && !layer.inner         ? layer.name
                                              : layer.type;
  if (layer.output.rank() > 0) row[2] = (layer.input.rank() == 0 ? "" : layer.input.text() + " -> ") + layer.output.text();
  row[3] = layer.activation;
  if (layer.parameters) {
    row[4] = plural(layer.parameters, "parameter");
    row[5] = size_text(layer.bytes);
  }
  row[6] = layer.note;
  return row;
}

std::string table_text(const std::vector<Row>& rows) {
  std::array<std::size_t, columns> widths{};
  for (const Row& row : rows)
    for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], row[c].size());
  std::string text;
  for (const Row& row : rows) {
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      if (widths[c] == 0) continue;
      if (c == columns - 1) {  // notes are long where much flows together: nothing stands behind them that wants a place
        line += row[c];
        break;
      }
      line += to_the_right[c] ? fmt::format("{:>{}}  ", row[c], widths[c]) : fmt::format("{:<{}}  ", row[c], widths[c]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

class Info final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(model_, "model", "MODEL: a model in JSON");
    common_.declare(arguments);
  }

  int run() override {
    const Context context = common_.context();
    const NeuralNetwork network = build_network(read_model(context, model_), context, common_.network());
    const NetworkInfo info = network.info();
    if (common_.json) {
      print(as_json(info) + "\n");
      return exit_done;
    }
    std::vector<Row> rows;
    for (const LayerInfo& layer : info.layers) rows.push_back(row_of(layer));
    print(table_text(rows) + plural(info.parameters, "parameter") + ", " + flops_text(info.flops) + " a run, " +
          size_text(info.bytes) + " in " + std::string(name_of(network.data_type())) + ", memory for one run " +
          size_text(info.run_bytes) +
          (info.state_values ? ", keeps " + plural(info.state_values, "value") + " from run to run" : "") + "\n" +
          open_text(info));
    return exit_done;
  }

 private:
  static std::string open_text(const NetworkInfo& info) {
    std::string text;
    for (const OpenDimensionInfo& dim : info.open)
      text += fmt::format("n{} is open ({}), counted as {}{}\n", dim.symbol, dim.path, dim.counted,
                          dim.max ? fmt::format(", at most {}", *dim.max) : "");
    return text;
  }

  std::string as_json(const NetworkInfo& info) const {
    std::vector<std::string> layers;
    for (const LayerInfo& layer : info.layers) {
      JsonObject row;
      row.text("place", layer.place).text("name", layer.name).text("type", layer.type).text("activation", layer.activation);
      row.raw("input", shape_json(layer.input)).raw("output", shape_json(layer.output));
      row.count("parameters", layer.parameters).count("bytes", layer.bytes).text("note", layer.note);
      if (layer.inner) row.raw("inner", "true");
      layers.push_back(row.str());
    }
    JsonObject result;
    result.text("model", model_).raw("layers", json_list(layers)).count("parameters", info.parameters);
    result.count("bytes", info.bytes).number("flops", info.flops).count("run_bytes", info.run_bytes);
    result.count("state_values", info.state_values);
    std::vector<std::string> open;
    for (const OpenDimensionInfo& dim : info.open) {
      JsonObject row;
      row.text("path", dim.path).count("counted", static_cast<std::uint64_t>(dim.counted));
      if (dim.max) row.count("max", static_cast<std::uint64_t>(*dim.max));
      open.push_back(row.str());
    }
    result.raw("open", json_list(open));
    return result.count("nodes", info.nodes).count("on_device", info.on_device).str();
  }

  std::string model_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_info() { return std::make_unique<Info>(); }

}  // namespace webai::cli
