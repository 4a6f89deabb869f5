#include "cli/generate.h"

#include <chrono>

#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/terminal.h"

namespace webai::cli {

void print_generated(NeuralNetwork& network, const Json& prompt, GenerateOptions options, const CommonOptions& common) {
  if (common.seed) options.seed = common.seed;
  watch_for_interrupt();
  const auto start = std::chrono::steady_clock::now();
  RunStream stream = network.run_stream(prompt, {.run = {}, .generate = options, .stop = {}});
  std::vector<std::string> tokens, indices;
  for (const StreamItem& item : stream) {
    const std::string index = std::to_string(*item.index);
    const std::string text = item.token.empty() ? (indices.empty() ? "" : " ") + index : item.token;
    if (!common.json) print(text);
    tokens.push_back(item.token);
    indices.push_back(index);
    if (interrupted()) break;
  }
  if (!common.json) return print("\n");
  std::string text;
  for (const std::string& token : tokens) text += token;
  const double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  print(JsonObject().text("text", text).raw("tokens", json_array(tokens)).raw("indices", json_list(indices)).number("ms", ms).str() + "\n");
}

}  // namespace webai::cli
