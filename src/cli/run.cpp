// webai run: one run with values from the command line or files. `--lines` is in lines.cpp.
#include <chrono>

#include "cli/commands.h"
#include "cli/job.h"
#include "cli/json_text.h"
#include "cli/lines.h"
#include "cli/model_file.h"
#include "cli/terminal.h"
#include "cli/values.h"
#include "webai/error.hpp"

namespace webai::cli {
namespace {

// "NAME=FILE" into its halves where the part before the equals sign reads as a name; else all of it is the rest.
std::pair<std::string, std::string> name_and_rest(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool is_name = equals != std::string::npos && equals > 0 && text.find_first_of("[{/ ") > equals;
  return is_name ? std::pair(text.substr(0, equals), text.substr(equals + 1)) : std::pair(std::string(), text);
}

class Run final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(model_, "model", "MODEL: a model in JSON", Need::optional);
    arguments.texts(inputs_, "--input,-i", "[NAME=]FILE|JSON", "Values: \"[1, 0]\", or a file .json, .npy, .csv, .png");
    arguments.texts(outputs_, "--output", "[NAME=]FILE", "Where to write an output: .npy or .json; default: print it");
    arguments.flag(lines_, "--lines", "One job per line on standard input, one answer per line on standard output; {\"reset\": true} forgets first");
    arguments.flag(sequence_, "--sequence", "Rows of the input are the steps of one sequence, for a model that remembers");
    common_.declare(arguments);
  }

  int run() override {
    if (lines_) {
      if (!model_.empty() || !inputs_.empty() || !outputs_.empty() || sequence_)
        throw UsageError("run --lines takes models, inputs and outputs from its lines only");
      return answer_lines(common_);
    }
    if (model_.empty() || inputs_.empty()) throw UsageError("run: MODEL and --input are required; see webai run --help");
    const Context context = common_.context();
    NeuralNetwork network = build_network(read_model(context, model_), context, common_.network());
    const std::vector<Tensor> inputs = read_inputs(network);
    const auto start = std::chrono::steady_clock::now();
    const Output output = sequence_ ? run_sequence(network, inputs) : run_inputs(network, inputs);
    const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    const NamedTensors outputs = split_outputs(network, output);
    for (const std::string& text : outputs_) {
      const auto [name, path] = name_and_rest(text);
      write_values(path, outputs[output_index(network, name)].second);
    }
    show(network, output, outputs, ms);
    return exit_done;
  }

 private:
  std::vector<Tensor> read_inputs(const NeuralNetwork& network) const {
    const std::vector<PortInfo> ports = network.inputs();
    std::vector<Tensor> tensors(ports.size());
    std::vector<bool> given(ports.size(), false);
    for (const std::string& text : inputs_) {
      const auto [name, source] = name_and_rest(text);
      const std::size_t index = input_index(network, name);
      if (given[index]) throw UsageError("run: input \"" + ports[index].name + "\" is given twice");
      given[index] = true;
      tensors[index] = read_values(network.context(), source, ports[index].shape);
    }
    for (std::size_t p = 0; p < ports.size(); ++p)
      if (!given[p])
        throw Error(Code::invalid_argument, {.message = "run: input \"" + ports[p].name + "\" is missing", .reason = "INPUT_MISSING",
                                             .hint = "add --input " + ports[p].name + "=FILE"});
    return tensors;
  }

  void show(const NeuralNetwork& network, const Output& output, const NamedTensors& outputs, double ms) const {
    const std::vector<Ranking> rankings = rank_labels(network, output);
    if (common_.json) {
      JsonObject values, result;
      for (const auto& [name, tensor] : outputs) values.raw(name, json_array(tensor));
      result.raw("outputs", values.str());
      std::vector<std::string> labels;
      for (const Ranking& ranking : rankings) labels.push_back(ranking.front().first);
      if (labels.size() == 1) result.text("label", labels.front());
      if (labels.size() > 1) result.raw("labels", json_array(labels));
      print(result.number("ms", ms).str() + "\n");
      return;
    }
    std::string text;
    for (const Ranking& ranking : rankings) text += ranking_text(ranking) + "\n";
    if (rankings.empty() && outputs_.empty())
      for (const auto& [name, tensor] : outputs) text += (outputs.size() > 1 ? name + ": " : "") + json_array(tensor) + "\n";
    print(text);
  }

  std::string model_;
  std::vector<std::string> inputs_, outputs_;
  bool lines_ = false, sequence_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_run() { return std::make_unique<Run>(); }

}  // namespace webai::cli
