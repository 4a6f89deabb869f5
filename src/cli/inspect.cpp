// webai inspect: the graph behind a model, pass by pass, and where its nodes run.
#include <span>

#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/model_file.h"
#include "cli/terminal.h"
#include "webai/files.hpp"

namespace webai::cli {
namespace {

class Inspect final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(model_, "model", "MODEL: a model in JSON");
    arguments.flag(passes_, "--passes", "The graph after each pass of the compiler");
    arguments.count(batch_, "--batch", "Samples of a run; default: 1");
    arguments.text(dot_, "--dot", "FILE", "Write the graph for Graphviz");
    common_.declare(arguments);
  }

  int run() override {
    if (batch_ == 0) throw UsageError("--batch is 1 or more");
    keep_apart("inspect", {{"--dot", dot_}}, {{"the model", model_}});
    check_form("inspect", {"--dot", dot_}, "a graph for Graphviz", ".dot");
    const Context context = common_.context();
    std::vector<NamedFile> weights;
    const NeuralNetwork network = build_network(read_model(context, model_), context, common_.network(), &weights);
    keep_apart("inspect", {{"--dot", dot_}}, weights);
    const std::string text = network.inspect(passes_, static_cast<std::size_t>(batch_));
    if (!dot_.empty()) {
      const std::string graph = network.graph_dot(static_cast<std::size_t>(batch_));
      write_file(dot_, std::as_bytes(std::span(graph)));
      common_.say("saved " + dot_ + " (for Graphviz: dot -Tsvg " + dot_ + " > graph.svg)\n");
    }
    if (!common_.json) {
      print(text);
      return exit_done;
    }
    const NetworkInfo info = network.info();
    JsonObject result;
    result.text("model", model_).count("nodes", info.nodes).count("on_device", info.on_device).count("run_bytes", info.run_bytes);
    if (!dot_.empty()) result.text("dot", dot_);
    print(result.text("text", text).str() + "\n");
    return exit_done;
  }

 private:
  std::string model_, dot_;
  bool passes_ = false;
  std::uint64_t batch_ = 1;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_inspect() { return std::make_unique<Inspect>(); }

}  // namespace webai::cli
