// webai train: reads model and data, trains under a progress display, writes the model and its curves.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <functional>
#include <span>
#include <stop_token>
#include <system_error>
#include <thread>

#include "cli/commands.h"
#include "cli/data.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/model_file.h"
#include "cli/plot.h"
#include "cli/progress.h"
#include "cli/terminal.h"
#include "cli/train_options.h"
#include "webai/error.hpp"
#include "webai/files.hpp"

namespace webai::cli {
namespace {

constexpr std::size_t default_batch = 32;

// Without any stop condition: as many epochs as make some 600,000 samples, and an end when there is nothing to learn.
void set_default_stop(TrainOptions& options, const Dataset& data) {
  const double samples = static_cast<double>(data.size().value_or(60'000));
  options.max_iterations = static_cast<std::uint64_t>(std::clamp(600'000 / std::max(samples, 1.0), 10.0, 20'000.0));
  options.error_threshold = 0.5;
  options.error_threshold_unit = "percent";
}

class Train final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(model_, "model", "MODEL: a model in JSON");
    arguments.text(data_, "--data", "SRC", "What to learn from, such as idx:IMAGES,LABELS or csv:FILE?target=COLUMN",
                   Need::required);
    arguments.text(test_, "--test", "SRC", "What to measure the trained model on");
    arguments.text(validation_, "--validation", "SRC", "What to measure on after each epoch, for patience and plateaus");
    arguments.text(out_, "--out,-o", "FILE", "Where to write the trained model");
    arguments.texts(pairs_, "--option", "KEY=VALUE", "A training option, such as learningRate=0.1 or maxIterations=10");
    arguments.text(options_file_, "--options", "FILE", "Training options as a JSON object; --option wins over them");
    arguments.text(plot_, "--plot", "FILE.svg", "Where to draw loss and accuracy by epoch");
    arguments.text(checkpoint_, "--checkpoint", "FILE", "Where to keep all of the training's state, to go on from with --resume");
    arguments.count(every_, "--every", "Epochs from one writing of the checkpoint to the next, instead of some seconds");
    arguments.flag(resume_, "--resume", "Go on from the checkpoint, as if training had never been interrupted");
    arguments.flag(keep_order_, "--no-shuffle", "Learn from the samples in the order of the data, in every epoch");
    common_.declare(arguments);
  }

  int run() override {
    end_on_interrupt("webai: ended before training began; nothing was written\n");
    std::vector<NamedFile> read = {{"--options", options_file_}};
    check_names(checkpoint_, read);
    check_form("train", {"--out", out_}, "JSON", ".json");
    check_form("train", {"--plot", plot_}, "SVG", ".svg");
    const Context context = common_.context();
    ChosenOptions chosen = read_train_options(context, options_file_, pairs_);
    ModelFile file = read_model(context, model_);
    file.layers_follow = true;
    NeuralNetwork network = build_network(file, context, common_.network(), &read);
    TrainOptions& options = chosen.options;
    take_checkpoint_options(options);
    check_names(options.checkpoint, read);
    for (const std::string* path : {&out_, &plot_, &options.checkpoint}) check_writable(*path, "nothing was trained");  // hours of training must not end at a folder that does not exist
    const Dataset data = open_data(data_, &read);
    network.build_for(data);
    const Dataset test = test_.empty() ? Dataset() : open_data(test_, &read);
    if (const std::string adapted = adapt_to_data(file, network, data); !adapted.empty()) {
      common_.say("webai: " + adapted + "\n");
      network = build_network(file, context, common_.network());
      network.build_for(data);
    }
    if (!validation_.empty()) options.validation = open_data(validation_, &read);
    check_names(options.checkpoint, read);
    check_words(network, data, test);
    if (options.batch_size == 0 && !data.batch_size()) options.batch_size = default_batch;
    if (!chosen.stops) set_default_stop(options, data);
    watch_for_interrupt();
    survive_closed_pipes();
    announce(network, data, test, chosen);

    ProgressDisplay display(common_.quiet, data.size().value_or(0));
    options.progress = [&display](const Progress& progress) { display.show(progress); };
    const TrainInfo info = train(network, keep_order_ ? data : shuffled(data), options, display);
    const bool ended_early = interrupted();
    const bool learned = info.samples > 0;  // else nothing may take the place of a model that has
    // Before anything else that can fail.
    const bool saves = learned || !ended_early;
    const std::size_t saved_bytes = saves ? save(network) : 0;
    VerifyInfo tested;
    try {
      if (!ended_early) tested = measure(network, test);
    } catch (...) {
      if (saves && !plot_.empty()) draw(display, info, tested);  // the curves of the training are there all the same
      throw;
    }
    if (saves && !plot_.empty()) draw(display, info, tested);
    report(info, display, tested, saves ? std::optional(saved_bytes) : std::nullopt);
    if (!interrupted()) return exit_done;
    const std::string what = !ended_early ? "the test was ended by " : learned ? "training was ended by " : "training was ended before its first step by ";
    const std::string when = ended_early && learned ? " in epoch " + std::to_string(std::max<std::uint64_t>(display.last().iteration, 1)) : "";
    const std::string where = out_.empty()                ? "; the model was not saved (there is no --out)"
                              : ended_early && !learned   ? "; nothing was written to " + out_
                              : ended_early               ? "; the model so far is in " + out_
                                                          : "; the model is in " + out_;
    notice("webai: " + what + interruption() + when + where +
           (options.checkpoint.empty() ? "" : "; go on with --resume") + "\n");
    return exit_failed;
  }

 private:
  // Words are numbered by the file they stand in: another file's numbers mean the same only where its words are the same.
  void check_words(const NeuralNetwork& network, const Dataset& data, const Dataset& test) const {
    if (!test.valid() || test.needs_network() || data.needs_network() || !network.labels().empty()) return;
    if (test.labels().empty() || test.labels() == data.labels()) return;
    throw Error(Code::invalid_argument,
                {.message = "its labels are others than those of --data, and the model names none", .reason = "LABEL", .path = test_,
                 .expected = json_array(data.labels()), .actual = json_array(test.labels()),
                 .hint = "name them in the model: \"io\": {\"output\": {\"denormalize\": {\"type\": \"one-hot-to-label\", \"labels\": [...]}}}"});
  }

  // What is written replaces nothing else that is written or read; --out alone may take the model's place.
  void check_names(const std::string& checkpoint, const std::vector<NamedFile>& read) const {
    const NamedFile plot = {"--plot", plot_}, kept = {"--checkpoint", checkpoint};
    keep_apart("train", {plot, kept}, {{"the model", model_}});
    keep_apart("train", {plot, kept, {"--out", out_}}, read);
  }

  std::size_t save(const NeuralNetwork& network) const {
    if (out_.empty()) return 0;
    const std::string text = network.to_json();
    write_file(out_, std::as_bytes(std::span(text)));
    return text.size();
  }

  // A signal's handler may not stop anything itself.
  static std::jthread when_interrupted(std::function<void()> stop) {
    return std::jthread([stop = std::move(stop)](const std::stop_token& done) {
      while (!done.stop_requested() && !interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(10));
      if (interrupted()) stop();
    });
  }

  // Nothing where there is no test, or it was interrupted.
  VerifyInfo measure(NeuralNetwork& network, const Dataset& test) const {
    if (!test.valid()) return {};
    std::stop_source stop;
    const std::jthread watcher = when_interrupted([&stop] { stop.request_stop(); });
    try {
      return network.verify(test, {}, stop.get_token());
    } catch (const Error& error) {
      if (error.code() == Code::cancelled) return {};
      if (out_.empty()) throw;
      throw with_hint(error, "the trained model is in " + out_);
    }
  }

  void take_checkpoint_options(TrainOptions& options) const {
    if (!checkpoint_.empty() && !options.checkpoint.empty() && options.checkpoint != checkpoint_)
      throw UsageError("--checkpoint " + checkpoint_ + " and --option checkpoint=" + options.checkpoint + ": give one of them");
    if (!checkpoint_.empty()) options.checkpoint = checkpoint_;
    if (options.checkpoint.empty() && (every_ || resume_)) throw UsageError("--every and --resume are for --checkpoint FILE");
    if (every_) options.checkpoint_every = *every_;
    options.resume = options.resume || resume_;
    // What ended is looked for before hours go by.
    if (options.resume && ::access(options.checkpoint.c_str(), R_OK) != 0)
      throw Error(Code::not_found, {.message = "there is no checkpoint to go on from", .reason = "FILE", .path = options.checkpoint,
                                    .hint = "leave out --resume to begin"});
  }

  TrainInfo train(NeuralNetwork& network, const Dataset& data, const TrainOptions& options, ProgressDisplay& display) const {
    TrainingSession session(network, data, options);
    const std::jthread watcher = when_interrupted([&network] { network.stop_training(); });  // also while data are read
    try {
      while (session.advance())
        if (interrupted()) session.finish("stopTraining");
      display.finish();
      return session.info();
    } catch (const Error& error) {
      display.finish();
      // Files that fail (a checkpoint on a full disk) take nothing from what has been learned.
      const bool of_files = error.code() == Code::host_error || error.code() == Code::not_found;
      if (!of_files || out_.empty() || session.info().samples == 0) throw;
      save(network);
      throw with_hint(error, "the model so far is in " + out_);
    } catch (...) {
      display.finish();
      throw;
    }
  }

  static Error with_hint(const Error& error, const std::string& hint) {
    ErrorDetails details = error.details();
    details.hint += (details.hint.empty() ? "" : "; ") + hint;
    return Error(error.code(), std::move(details));
  }

  void announce(const NeuralNetwork& network, const Dataset& data, const Dataset& test, const ChosenOptions& chosen) const {
    const std::size_t threads = network.context().executor().width();
    common_.say(stem(model_) + ": " + describe_count(data) + " to learn from, " +
                (test.valid() ? (test.size() ? thousands(*test.size()) : "others") + " to check, " : "") +
                plural(network.info().parameters, "parameter") + ", " + plural(threads, "thread") + ", " +
                (common_.device == "auto" ? "cpu" : common_.device) + "\n");
    if (!chosen.stops)
      common_.say("no stop condition was given: at most " + plural(chosen.options.max_iterations, "epoch") +
                  " (--option maxIterations=N), or an error of 0.5 % (--option errorThreshold=P, with errorThresholdUnit=percent or raw)\n");
  }

  void draw(const ProgressDisplay& display, const TrainInfo& info, const VerifyInfo& tested) const {
    PlotLabels labels{stem(model_), plural(info.iterations, "epoch") + ", " + duration_text(info.elapsed_ms), {}, {}};
    if (tested.samples) {
      labels.test_accuracy = tested.accuracy;
      labels.test_loss = tested.error;
    }
    const std::string svg = plot_svg(display.curve(), labels);
    try {
      write_file(plot_, std::as_bytes(std::span(svg)));
    } catch (const Error& error) {
      if (out_.empty()) throw;
      throw with_hint(error, "the trained model is in " + out_);
    }
  }

  void report(const TrainInfo& info, const ProgressDisplay& display, const VerifyInfo& tested,
              std::optional<std::size_t> saved_bytes) const {
    const double speed = static_cast<double>(info.samples) / std::max(info.elapsed_ms, 1e-3) * 1000;
    // Before the first epoch is over there is no finished account, only how far it came.
    const bool measured = info.iterations > 0 || display.last().samples > 0;
    const std::optional<double> error =
        info.samples == 0 || !measured ? std::nullopt : std::optional(info.iterations ? info.error : display.last().error);
    const std::optional<double> accuracy = info.iterations ? info.accuracy : display.last().accuracy;
    if (common_.json) {
      JsonObject result;
      result.text("model", model_).count("iterations", info.iterations).count("samples", info.samples);
      result.number("error", error).number("error_percent", error ? std::optional(100 * *error) : error).number("accuracy", accuracy);
      result.number("validation_error", info.validation_error).number("validation_accuracy", info.validation_accuracy);
      if (info.best_iteration) result.count("best_iteration", info.best_iteration);
      result.number("elapsed_ms", info.elapsed_ms).number("samples_per_s", speed).text("stop_reason", info.stop_reason);
      if (tested.samples)
        result.raw("test", JsonObject().number("error", tested.error).number("accuracy", tested.accuracy)
                               .count("samples", tested.samples).str());
      if (saved_bytes && !out_.empty()) result.text("out", out_);
      if (saved_bytes && !plot_.empty()) result.text("plot", plot_);
      print(result.str() + "\n");
      return;
    }
    std::string text = "stopped: " + info.stop_reason + (info.stop_reason == "stopTraining" ? " after " : " reached after ") +
                       plural(info.iterations, "epoch") + ", " + duration_text(info.elapsed_ms) + ", " +
                       thousands(static_cast<std::uint64_t>(speed)) + " samples/s\n";
    text += (error ? "loss " + loss_text(*error) : "loss not measured") + (accuracy ? ", accuracy " + percent_text(*accuracy) : "") + "\n";
    if (info.validation_error)
      text += "held out: loss " + loss_text(*info.validation_error) +
              (info.validation_accuracy ? ", accuracy " + percent_text(*info.validation_accuracy) : "") +
              (info.best_iteration ? ", best in epoch " + std::to_string(info.best_iteration) : "") + "\n";
    if (tested.samples)
      text += tested.accuracy ? "test accuracy " + percent_text(*tested.accuracy) + "\n"
                              : "test error " + loss_text(tested.error) + "\n";
    std::string saved;
    if (saved_bytes && !out_.empty()) saved = "saved " + out_ + " (" + size_text(*saved_bytes) + ")";
    if (saved_bytes && !plot_.empty()) saved += (saved.empty() ? "saved " : " and ") + plot_ + " (curves)";
    print(text + saved + (saved.empty() ? "" : "\n"));
  }

  std::string model_, data_, test_, validation_, out_, options_file_, plot_, checkpoint_;
  std::vector<std::string> pairs_;
  std::optional<std::uint64_t> every_;
  bool keep_order_ = false, resume_ = false;
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_train() { return std::make_unique<Train>(); }

}  // namespace webai::cli
