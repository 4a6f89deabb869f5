#include "cli/train_options.h"

#include "cli/common.h"
#include "cli/json_text.h"
#include "webai/error.hpp"
#include "webai/files.hpp"
#include "webai/json.hpp"
#include "webai/network.hpp"

namespace webai::cli {
namespace {

// Stands for "not given": no text of an option can mean it.
constexpr std::uint64_t not_given = TrainOptions::unlimited - 1;

TrainOptions with_pair(const Context& context, const std::string& pair, const TrainOptions& base) {
  const auto [key, value] = key_and_value("--option", pair);
  std::string written = value;
  try {
    (void)read_json(value, context.limits());  // one value, and nothing behind it
  } catch (const Error& error) {
    if (error.code() != Code::invalid_json) throw;
    written = json_string(value);
  }
  return train_options_from_json(context, "{" + json_string(key) + ": " + written + "}", base);
}

}  // namespace

ChosenOptions read_train_options(const Context& context, const std::string& file, const std::vector<std::string>& pairs) {
  TrainOptions options;
  options.max_iterations = not_given;
  if (!file.empty()) {
    const std::string text = read_file(file, context.limits().json_bytes);
    try {
      options = train_options_from_json(context, text, options);
    } catch (const Error& error) {
      ErrorDetails details = error.details();
      details.path = details.path.empty() ? file : file + ": " + details.path;
      throw Error(error.code(), std::move(details));
    }
  }
  for (const std::string& pair : pairs) options = with_pair(context, pair, options);
  const bool limited = options.max_iterations != not_given;
  if (!limited) options.max_iterations = TrainOptions::unlimited;
  const bool stops = limited || options.error_threshold > 0 || options.timeout != TrainOptions{}.timeout;
  return {std::move(options), stops};
}

}  // namespace webai::cli
