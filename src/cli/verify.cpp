// webai verify: error, accuracy and confusion matrix of a model on data.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/data.h"
#include "cli/json_text.h"
#include "cli/model_file.h"
#include "cli/terminal.h"
#include "cli/train_options.h"

namespace webai::cli {
namespace {

constexpr std::size_t most_classes_shown = 40;

// Columns of a text as wide as people see it: bytes that continue a UTF-8 letter take no room.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}
std::string padded(const std::string& text, std::size_t width) {
  return text + std::string(width > width_of(text) ? width - width_of(text) : 0, ' ');
}

std::string confusion_text(const std::vector<std::vector<std::uint64_t>>& confusion, const std::vector<std::string>& labels) {
  const auto name = [&](std::size_t i) { return i < labels.size() ? labels[i] : std::to_string(i); };
  std::size_t names = 4, numbers = 3;
  std::uint64_t highest = 0;
  for (std::size_t row = 0; row < confusion.size(); ++row) {
    names = std::max(names, width_of(name(row)));
    for (const std::uint64_t count : confusion[row]) highest = std::max(highest, count);
  }
  numbers = std::max(numbers, std::to_string(highest).size());
  std::string text = "\nconfusion: rows are the truth, columns the model's answers\n" + std::string(names + 5, ' ');
  for (std::size_t column = 0; column < confusion.size(); ++column) text += fmt::format("  {:>{}}", column, numbers);
  text += "   right\n";
  for (std::size_t row = 0; row < confusion.size(); ++row) {
    std::uint64_t total = 0;
    text += fmt::format("{:>3}  {}", row, padded(name(row), names));
    for (const std::uint64_t count : confusion[row]) {
      text += count ? fmt::format("  {:>{}}", count, numbers) : fmt::format("  {:>{}}", ".", numbers);
      total += count;
    }
    text += "   " + (total ? percent_text(static_cast<double>(confusion[row][row]) / static_cast<double>(total)) : "-") + "\n";
  }
  return text;
}

class Verify final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(model_, "model", "MODEL: a model in JSON");
    arguments.text(data_, "--data", "SRC", "What to measure on, such as idx:IMAGES,LABELS or csv:FILE?target=COLUMN",
                   Need::required);
    arguments.texts(pairs_, "--option", "KEY=VALUE", "errorMeasureType=mean-square and the like, or batchSize=64");
    common_.declare(arguments);
  }

  int run() override {
    for (const std::string& pair : pairs_) {
      const std::string key = key_and_value("--option", pair).first;
      if (key != "errorMeasureType" && key != "batchSize")
        throw UsageError("--option " + pair + ": verify takes errorMeasureType and batchSize");
    }
    const Context context = common_.context();
    const TrainOptions options = read_train_options(context, "", pairs_).options;
    NeuralNetwork network = build_network(read_model(context, model_), context, common_.network());
    const Dataset data = open_data(data_);
    const VerifyInfo info = network.verify(data, {options.error_measure_type, options.batch_size});
    if (common_.json) {
      JsonObject result;
      result.text("model", model_).count("samples", info.samples).number("error", info.error);
      result.number("error_percent", info.error_percent).number("accuracy", info.accuracy);
      if (!info.confusion.empty()) {
        std::vector<std::string> rows;
        for (const auto& row : info.confusion) rows.push_back(fmt::format("[{}]", fmt::join(row, ", ")));
        result.raw("confusion", json_list(rows));
        if (const auto labels = network.labels(); !labels.empty()) result.raw("labels", json_array(labels));
      }
      print(result.str() + "\n");
      return exit_done;
    }
    std::string text = plural(info.samples, are_pictures(data) ? "picture" : "sample") + ", error " + loss_text(info.error);
    if (info.accuracy) text += ", accuracy " + percent_text(*info.accuracy);
    text += "\n";
    if (!info.confusion.empty() && info.confusion.size() <= most_classes_shown)
      text += confusion_text(info.confusion, network.labels());
    print(text);
    return exit_done;
  }

 private:
  std::string model_, data_;
  std::vector<std::string> pairs_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_verify() { return std::make_unique<Verify>(); }

}  // namespace webai::cli
