// webai run: one run with values from the command line or files. `--lines` is in lines.cpp.
#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "cli/commands.h"
#include "cli/generate.h"
#include "cli/job.h"
#include "cli/json_text.h"
#include "cli/lines.h"
#include "cli/model_file.h"
#include "cli/terminal.h"
#include "cli/values.h"
#include "webai/error.hpp"
#include "webai/files.hpp"
#include "webai/values.hpp"

namespace webai::cli {
namespace {

// "NAME=FILE" into its halves where the part before the equals sign reads as a name; else all of it is the rest.
std::pair<std::string, std::string> name_and_rest(const std::string& text) {
  const std::size_t equals = text.find('=');
  const bool is_name = equals != std::string::npos && equals > 0 && text.find_first_of("[{\"/ ") > equals;
  return is_name ? std::pair(text.substr(0, equals), text.substr(equals + 1)) : std::pair(std::string(), text);
}

// The values of one sample of that output; as it was in this run, where open dimensions decide.
std::size_t width_of(const NeuralNetwork& network, const std::string& name, const Output& output) {
  const std::size_t index = output_index(network, name);
  const Shape shape = output.ports().empty() ? network.outputs()[index].shape : output.ports()[index].shape;
  return shape.is_concrete() ? static_cast<std::size_t>(shape.elements()) : 0;
}

class Run final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(model_, "model", "MODEL: a model in JSON", Need::optional);
    arguments.texts(inputs_, "--input,-i", "[NAME=]FILE|JSON", "Values: \"[1, 0]\", '{\"name\": [1, 0]}', or a file .json, .npy, .csv, .png, .txt");
    arguments.text(text_, "--text", "TEXT", "A text as input, for a model whose io makes tokens of texts");
    arguments.texts(outputs_, "--output", "[NAME=]FILE", "Where to write an output: .npy or .json; default: print it");
    arguments.flag(lines_, "--lines", "One job per line on standard input, one answer per line on standard output; {\"reset\": true} forgets first");
    arguments.flag(sequence_, "--sequence", "Rows of the input are the steps of one sequence, for a model that remembers");
    arguments.count(generate_, "--generate", "Make up so many tokens that go on from the input; 0: until --until");
    arguments.number(options_.temperature, "--temperature", "T", "Below 1 likely tokens become likelier, 0: always the likeliest");
    arguments.count(top_k_, "--top-k", "Choose among so many of the likeliest tokens");
    arguments.number(options_.top_p, "--top-p", "P", "Choose among the likeliest tokens that make up this share of the probability");
    arguments.texts(options_.until, "--until", "TEXT", "End behind the token that completes this text");
    common_.declare(arguments);
  }

  int run() override {
    if (lines_) {
      if (!model_.empty() || !inputs_.empty() || !outputs_.empty() || !text_.empty() || sequence_ || generate_)
        throw UsageError("run --lines takes models, inputs and outputs from its lines only");
      return answer_lines(common_);
    }
    if (model_.empty() || (inputs_.empty() && text_.empty()))
      throw UsageError("run: MODEL and --input (or --text) are required; see webai run --help");
    if (!inputs_.empty() && !text_.empty()) throw UsageError("run: --text is the only input");
    const bool chooses = options_.temperature != 1 || top_k_ || options_.top_p != 1 || !options_.until.empty();
    if (chooses && !generate_) throw UsageError("run: --temperature, --top-k, --top-p and --until go with --generate");
    std::vector<NamedFile> written, read = {{"the model", model_}};
    for (const std::string& text : outputs_) written.emplace_back("--output", name_and_rest(text).second);
    for (const std::string& text : inputs_) read.emplace_back("--input", name_and_rest(text).second);
    keep_apart("run", written, read);
    if (generate_ && (sequence_ || !outputs_.empty())) throw UsageError("run: --generate prints tokens: it goes without --sequence and --output");
    const Context context = common_.context();
    NeuralNetwork network = build_network(read_model(context, model_), context, common_.network(), &read);
    keep_apart("run", written, read);  // once more, with the model's weights
    const std::optional<Json> whole = read_whole(context, network.inputs().size());
    if (generate_) {
      options_.steps = *generate_;
      options_.top_k = static_cast<std::size_t>(top_k_);
      print_generated(network, whole ? *whole : numbers_of(network), options_, common_);
      return exit_done;
    }
    const std::vector<Tensor> inputs = whole ? inputs_of(network, *whole) : read_inputs(network);
    warn_of_no_numbers(network, inputs);
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
  // A value for all inputs, in words that only the network understands: a text, objects that name inputs, or what is
  // meant for several.
  std::optional<Json> read_whole(const Context& context, std::size_t inputs) const {
    if (!text_.empty()) return Json::text(text_);
    if (inputs_.size() != 1) return {};
    const auto [name, source] = name_and_rest(inputs_.front());
    if (source.ends_with(".txt") && name.empty()) return Json::text(read_file(source, context.limits().json_bytes));
    const std::size_t first = source.find_first_not_of(" \t\r\n");
    const bool written = first != std::string::npos && std::string_view("[{\"").find(source[first]) != std::string_view::npos;
    if (!name.empty() || !(written || source.ends_with(".json"))) return {};
    std::string content;
    if (!written) content = read_file(source, context.limits().json_bytes);
    std::optional<Json> value;
    try {
      value = read_json(written ? source : content, context.limits());
    } catch (const Error& error) {
      if (written && source[first] == '[') return {};  // the reader of numbers says what is wrong with them
      ErrorDetails details = error.details();
      details.path = (written ? "--input" : source) + (details.path.empty() ? "" : ", " + details.path);
      throw Error(error.code(), std::move(details));
    }
    return inputs > 1 || InputValues::is_needed_for(*value) ? value : std::nullopt;
  }

  // Inputs that are read as numbers, as one value.
  Json numbers_of(const NeuralNetwork& network) const {
    std::vector<Json> parts;
    for (const Tensor& input : read_inputs(network)) {
      std::vector<double> numbers(input.elements());
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = input.at(i);
      parts.push_back(Json::numbers(std::move(numbers)));
    }
    std::vector<Json::Member> members;
    const std::vector<PortInfo> ports = network.inputs();
    for (std::size_t p = 0; p < ports.size(); ++p) members.emplace_back(ports[p].name, std::move(parts[p]));
    return Json::object(std::move(members));
  }

  // Answers are JSON, which writes NaN and infinity as null: say where those come from.
  void warn_of_no_numbers(const NeuralNetwork& network, const std::vector<Tensor>& inputs) const {
    for (std::size_t p = 0; p < inputs.size(); ++p) {
      std::size_t count = 0;
      for (std::size_t i = 0; i < inputs[p].elements(); ++i) count += !std::isfinite(inputs[p].at(i));
      if (count > 0)
        common_.say(fmt::format("webai: warning: {} of {} values of input {} are NaN or infinite; answers that depend on them are shown as null\n",
                                count, inputs[p].elements(), network.inputs()[p].title()));
    }
  }

  std::vector<Tensor> read_inputs(const NeuralNetwork& network) const {
    const std::vector<PortInfo> ports = network.inputs();
    std::vector<Tensor> tensors(ports.size());
    std::vector<bool> given(ports.size(), false);
    for (const std::string& text : inputs_) {
      const auto [name, source] = name_and_rest(text);
      const std::size_t index = input_index(network, name);
      if (given[index]) throw UsageError("run: input " + ports[index].title() + " is given twice");
      given[index] = true;
      tensors[index] = read_values(network.context(), source, ports[index].shape);
    }
    for (std::size_t p = 0; p < ports.size(); ++p)
      if (!given[p])
        throw Error(Code::invalid_argument, {.message = "run: input " + ports[p].title() + " is missing", .reason = "INPUT_MISSING",
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
      if (labels.size() == 1 && !is_batch(network, output)) result.text("label", labels.front());
      else if (!labels.empty()) result.raw("labels", json_array(labels));
      print(result.number("ms", ms).str() + "\n");
      return;
    }
    std::string text;
    for (const Ranking& ranking : rankings) text += ranking_text(ranking) + "\n";
    if (rankings.empty() && outputs_.empty())
      for (const auto& [name, tensor] : outputs) {
        const auto own = rank_labels(network.labels(name), width_of(network, name, output), network.decoded(tensor));
        if (own.empty()) text += (outputs.size() > 1 ? name + ": " : "") + json_array(tensor) + "\n";
        for (const Ranking& ranking : own) text += name + " " + ranking_text(ranking) + "\n";
      }
    print(text);
  }

  std::string model_, text_;
  std::vector<std::string> inputs_, outputs_;
  std::optional<std::uint64_t> generate_;
  std::uint64_t top_k_ = 0;
  GenerateOptions options_;
  bool lines_ = false, sequence_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_run() { return std::make_unique<Run>(); }

}  // namespace webai::cli
