#include "cli/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/json_text.h"
#include "cli/terminal.h"
#include "webai/error.hpp"
#include "webai/files.hpp"
#include "webai/json.hpp"

namespace webai::cli {
namespace {

constexpr double large_input = 10;      // where training with usual rates begins to blow up
constexpr std::size_t samples_looked_at = 16;

// Whether the model's root has one of these members; the text has been read as a model before.
bool root_has(const std::string& text, std::initializer_list<std::string_view> keys) {
  bool found = false;
  const auto look = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    if (event == nlohmann::json::parse_event_t::key && depth == 1)
      found = found || std::find(keys.begin(), keys.end(), parsed.get_ref<const std::string&>()) != keys.end();
    return depth < 2;  // what lies deeper is not kept
  };
  const nlohmann::json root = nlohmann::json::parse(text, look, false);
  return found && root.is_object();
}

double largest_input(const Context& context, const Dataset& data) {
  if (data.input_type() == DType::u8 || data.input_type() == DType::i8) return 255;  // pictures, sound
  double largest = 0;
  const std::uint64_t count = std::min<std::uint64_t>(data.size().value_or(1), samples_looked_at);
  for (std::uint64_t s = 0; s < count; ++s) {
    const Tensor input = data.item(context, s).input;
    for (std::size_t i = 0; i < input.elements(); ++i) largest = std::max(largest, std::fabs(input.at(i)));
  }
  return largest;
}

}  // namespace

ModelFile read_model(const Context& context, const std::string& path) {
  ModelFile file{path, read_file(path, context.limits().json_bytes)};
  const std::size_t first = file.text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
  const bool text = first == std::string::npos || static_cast<unsigned char>(file.text[first]) >= 0x20;
  const bool binary = file.text.find('\0') != std::string::npos;
  if (!text || binary)
    throw Error(Code::unsupported, {.message = "this is not a model in JSON, and no other format can be read by this build",
                                    .reason = "FORMAT", .path = path,
                                    .hint = "a model begins with {: see docs/model-format.md, or webai --help"});
  if (path.ends_with(".json5")) {
    try {
      file.text = write_json(read_json(file.text, context.limits(), {.json5 = true}), true);
    } catch (const Error& error) {
      ErrorDetails details = error.details();
      details.path = path + (details.path.empty() ? "" : ": " + details.path);
      throw Error(error.code(), std::move(details));
    }
  }
  return file;
}

NeuralNetwork build_network(const ModelFile& file, const Context& context, const NetworkOptions& options,
                            std::vector<NamedFile>* read) {
  try {
    NetworkOptions chosen = options;
    const std::string folder = file.path.substr(0, file.path.rfind('/') + 1);  // npos + 1 is 0
    chosen.weights = [&, beside = weight_files_beside(file.path)](const std::string& name) {
      if (read) read->emplace_back("the model's weights", folder + name);
      return beside(name);
    };
    NeuralNetwork network = NeuralNetwork::from_json(file.text, context, chosen);
    if (!file.layers_follow) (void)network.inputs();  // throws where there are no layers
    return network;
  } catch (const Error& error) {
    ErrorDetails details = error.details();
    details.path = details.path.empty() ? file.path : file.path + ": " + details.path;
    throw Error(error.code(), std::move(details));
  }
}

std::string adapt_to_data(ModelFile& file, const NeuralNetwork& network, const Dataset& data) {
  if (data.needs_network() || root_has(file.text, {"io", "setup", "data"})) return {};
  std::string block, words;
  const double largest = largest_input(network.context(), data);
  if (largest > large_input) {
    block = R"("input": {"normalize": "auto"})";
    words = fmt::format("inputs reach {:.4g}, so \"normalize\": \"auto\" was written into the model's io", largest);
  }
  if (network.output_size() > 1 && data.labels().size() == network.output_size()) {
    block += std::string(block.empty() ? "" : ", ") + R"("output": {"denormalize": {"type": "one-hot-to-label", "labels": )" +
             json_array(data.labels()) + "}}";
    words += (words.empty() ? "the data's " : "; so were the data's ") + plural(data.labels().size(), "label") +
             (words.empty() ? " were written into the model's io" : "");
  }
  if (block.empty()) return {};
  // A member put in front changes nothing else of the text.
  const std::size_t brace = file.text.find('{');
  const std::size_t next = file.text.find_first_not_of(" \t\r\n", brace + 1);
  file.text.insert(brace + 1, "\"io\": {" + block + "}" + (file.text[next] == '}' ? "" : ", "));
  return words;
}

}  // namespace webai::cli
