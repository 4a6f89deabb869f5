// webai convert: a model in another spelling.
#include <span>

#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/model_file.h"
#include "cli/terminal.h"
#include "webai/error.hpp"
#include "webai/files.hpp"

namespace webai::cli {
namespace {

bool truth(const std::string& key, const std::string& value) {
  if (value != "true" && value != "false") throw UsageError("--option " + key + " is true or false, not " + value);
  return value == "true";
}

// By --to, or by the end of the file's name.
constexpr std::pair<std::string_view, std::string_view> formats[] = {
    {"json", "json"}, {"c", "c"}, {"js", "javascript"}, {"mjs", "javascript"}, {"javascript", "javascript"},
    {"py", "python-numpy"}, {"python", "python-numpy"}, {"python-numpy", "python-numpy"}};

class Convert final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(in_, "in", "IN: a model in JSON");
    arguments.positional(out_, "out", "OUT: the file to write; - is standard output");
    arguments.text(format_, "--to", "FORMAT", "json (as it is), minify, pretty, c, js or python; default: by the name of OUT");
    arguments.text(weights_, "--weights", "FILE", "puts the weights into this file beside OUT, which names it");
    arguments.texts(pairs_, "--option", "KEY=VALUE",
                    "setupDataAs=array, =base64 or =file (also writes weights that the model left to chance), layers=FROM:TO (a "
                    "part, by name or index), keepNames=false, pretty=true; of programs: name=NAME, weights=u8 (C)");
    common_.declare(arguments);
  }

  int run() override {
    const ExportOptions options = export_options();
    const Context context = common_.context();
    const NeuralNetwork network = build_network(read_model(context, in_), context, common_.network());
    // Without a wish for anything, the text stays as its author wrote it.
    const bool plain = options.to == "json" && options.optimize.empty() && options.from.empty() &&
                       options.upto.empty() && options.setup_data_as != "file";
    Tensor file;
    const std::string text = plain ? network.to_json({.setup_data_as = options.setup_data_as, .pretty = options.indent})
                                   : network.export_model(options, nullptr, &file);
    if (out_ == "-") {
      print(text + "\n");
      return exit_done;
    }
    const std::string beside = out_.substr(0, out_.rfind('/') + 1) + options.setup_file;
    if (file.bytes() > 0 && (same_file(beside, out_) || same_file(beside, in_)))
      throw UsageError("convert: the weights would take the place of the model, " + beside + "; give them another name");
    check_writable(out_, "nothing was written");  // else new weights would stand beside an old model
    const std::span<const std::byte> bytes = std::as_bytes(std::span(text));
    if (file.bytes() == 0) write_file(out_, bytes);
    else write_files(beside, {static_cast<const std::byte*>(file.data()), file.bytes()}, out_, bytes);
    JsonObject facts = JsonObject().text("out", out_).count("bytes", text.size());
    std::string words = "saved " + out_ + " (" + size_text(text.size()) + ")";
    if (file.bytes() > 0) {
      facts = facts.text("weights", beside).count("weightBytes", file.bytes());
      words += " and " + beside + " (" + size_text(file.bytes()) + ")";
    }
    print((common_.json ? facts.str() : words) + "\n");
    return exit_done;
  }

 private:
  ExportOptions export_options() const {
    ExportOptions options;
    options.setup_data_as = "given";
    options.setup_file = stem(out_) + ".weights";
    for (const std::string& pair : pairs_) {
      const auto [key, value] = key_and_value("--option", pair);
      const std::size_t colon = value.find(':');
      if (key == "setupDataAs") options.setup_data_as = value;
      else if (key == "pretty") options.indent = truth(key, value);
      else if (key == "name") options.name = value;
      else if (key == "weights") options.weights = value;
      else if (key == "keepNames") options.keep_names = truth(key, value);
      else if (key == "layers" && colon != std::string::npos)
        options.from = value.substr(0, colon), options.upto = value.substr(colon + 1);
      else if (key == "setupFile") options.setup_file = value;
      else
        throw UsageError("--option " + pair + ": there is no such option; known are setupDataAs, setupFile, layers=FROM:TO, "
                         "keepNames, name, weights and pretty");
    }
    if (!weights_.empty()) {
      options.setup_data_as = "file";
      options.setup_file = weights_;
    }
    if (options.setup_data_as == "file" && out_ == "-") throw UsageError("weights in a file need an OUT to stand beside");
    if (format_ == "minify" || format_ == "pretty") {
      options.optimize = format_;
      return options;
    }
    const std::string wanted = format_.empty() ? format_of_name() : format_;
    for (const auto& [word, to] : formats)
      if (wanted == word) {
        options.to = to;
        for (const std::string& pair : pairs_)
          if (options.to == "json" && (pair.starts_with("name=") || pair.starts_with("weights=")))
            throw UsageError("--option " + pair + " is for programs (c, js, python), not for JSON");
        return options;
      }
    throw Error(Code::unsupported, {.message = "models cannot be written as \"" + wanted + "\" by this build",
                                    .reason = "FORMAT", .path = format_.empty() ? out_ : "--to",
                                    .expected = format_.empty() ? "a name that ends in .json, .c, .js, .mjs or .py"
                                                                : "json, minify or pretty, c, js or python"});
  }

  std::string format_of_name() const {
    const std::size_t dot = out_.find_last_of("./");
    return dot == std::string::npos || out_[dot] != '.' ? "json" : out_.substr(dot + 1);
  }

  std::string in_, out_, format_, weights_;
  std::vector<std::string> pairs_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_convert() { return std::make_unique<Convert>(); }

}  // namespace webai::cli
