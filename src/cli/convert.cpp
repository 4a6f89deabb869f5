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

class Convert final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(in_, "in", "IN: a model in JSON");
    arguments.positional(out_, "out", "OUT: the file to write; - is standard output");
    arguments.text(format_, "--to", "FORMAT", "json (as it is), minify or pretty; default: json");
    arguments.texts(pairs_, "--option", "KEY=VALUE",
                    "setupDataAs=array or =base64 (also writes weights that the model left to chance), pretty=true");
    common_.declare(arguments);
  }

  int run() override {
    SaveOptions options;
    options.setup_data_as = "given";
    options.pretty = format_ == "pretty";
    for (const std::string& pair : pairs_) {
      const auto [key, value] = key_and_value("--option", pair);
      if (key == "setupDataAs") options.setup_data_as = value;
      else if (key == "pretty") options.pretty = truth(key, value);
      else throw UsageError("--option " + pair + ": there is no such option; known are setupDataAs and pretty");
    }
    const Context context = common_.context();
    if (format_ != "json" && format_ != "minify" && format_ != "pretty")
      throw Error(Code::unsupported, {.message = "models cannot be written as \"" + format_ + "\" by this build",
                                      .reason = "FORMAT", .path = "--to", .expected = "json, minify or pretty"});
    const std::size_t dot = out_.find_last_of("./");
    if (dot != std::string::npos && out_[dot] == '.' && out_.substr(dot) != ".json" && format_ == "json")
      throw Error(Code::unsupported, {.message = "models cannot be written as \"" + out_.substr(dot + 1) + "\" by this build",
                                      .reason = "FORMAT", .path = out_, .expected = "a name that ends in .json"});
    const std::string text = build_network(read_model(context, in_), context, common_.network()).to_json(options);
    if (out_ == "-") {
      print(text + "\n");
      return exit_done;
    }
    write_file(out_, std::as_bytes(std::span(text)));
    if (common_.json) print(JsonObject().text("out", out_).count("bytes", text.size()).str() + "\n");
    else print("saved " + out_ + " (" + size_text(text.size()) + ")\n");
    return exit_done;
  }

 private:
  std::string in_, out_, format_ = "json";
  std::vector<std::string> pairs_;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_convert() { return std::make_unique<Convert>(); }

}  // namespace webai::cli
