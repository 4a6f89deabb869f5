// webai bench: how long a run or a training step takes on this machine.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/json_text.h"
#include "cli/model_file.h"
#include "cli/profile.h"
#include "cli/terminal.h"
#include "cli/train_options.h"

namespace webai::cli {
namespace {

constexpr std::size_t fewest_runs = 5, most_runs = 1'000'000;

double now_ms() {
  using namespace std::chrono;
  return duration<double, std::milli>(steady_clock::now().time_since_epoch()).count();
}

double peak_rss_mb() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts in kB
}

// Values between -1 and 1, the same in every run: what is timed must not depend on them, but zeros are a special case.
Tensor sample_values(const Context& context, const Shape& shape) {
  Tensor tensor = Tensor::uninitialised(context, DType::fp32, shape);
  std::uint32_t state = 1;
  for (float& value : tensor.span<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  return tensor;
}

// Inputs of so many samples, by name; open dimensions are as long as `info` counts them.
std::vector<std::pair<std::string, Tensor>> sample_inputs(const NeuralNetwork& network, const NetworkInfo& info, std::int64_t rows) {
  std::vector<std::pair<std::string, Tensor>> inputs;
  for (const PortInfo& port : network.inputs()) {
    Shape shape = port.shape;
    for (std::size_t axis = 0; axis < shape.rank(); ++axis)
      for (const OpenDimensionInfo& dim : info.open)
        if (shape.dim(axis) == Dimension::symbol(dim.symbol)) shape.set(axis, dim.counted);
    inputs.emplace_back(port.name, sample_values(network.context(), shape.inserted(0, rows)));
  }
  return inputs;
}

// "n1 = 64, n2 = 128", nothing where all sizes are numbers.
std::string lengths_text(const NetworkInfo& info) {
  std::string text;
  for (const OpenDimensionInfo& dim : info.open)
    text += fmt::format("{}n{} = {}", text.empty() ? "" : ", ", dim.symbol, dim.counted);
  return text;
}

constexpr std::uint64_t most_samples = std::uint64_t{1} << 40;

struct Measured {
  double first_ms = 0;
  std::vector<double> runs;  // milliseconds, sorted
  double at(double share) const {
    return runs[std::min(runs.size() - 1, static_cast<std::size_t>(share * static_cast<double>(runs.size())))];
  }
};

// The first call alone, then calls until the time is over.
Measured measure(double seconds, const std::function<void()>& work) {
  Measured result;
  double start = now_ms();
  work();
  result.first_ms = now_ms() - start;
  const double end = now_ms() + 1000 * seconds;
  double before = now_ms();
  while (result.runs.size() < most_runs && (before < end || result.runs.size() < fewest_runs) && !interrupted()) {
    work();
    const double after = now_ms();
    result.runs.push_back(after - before);
    before = after;
  }
  if (result.runs.empty()) result.runs.push_back(result.first_ms);
  std::sort(result.runs.begin(), result.runs.end());
  return result;
}

class Bench final : public Command {
 public:
  void declare(Arguments& arguments) override {
    arguments.positional(model_, "model", "MODEL: a model in JSON");
    arguments.count(batch_, "--batch", "Samples of a run or step; default: 1");
    arguments.flag(train_, "--train", "Time training steps instead of runs");
    arguments.count(steps_, "--steps", "Length of the sequences that a batch is made of, with --train; default: 1");
    arguments.texts(pairs_, "--option", "KEY=VALUE", "A training option, with --train");
    arguments.flag(profile_, "--profile", "Time, bytes and share of the machine's limit of each node");
    arguments.number(seconds_, "--seconds", "S", "How long to measure; default: 2");
    common_.declare(arguments);
  }

  int run() override {
    if (batch_ == 0) throw UsageError("--batch is 1 or more");
    if (steps_ == 0) throw UsageError("--steps is 1 or more");
    if (batch_ > most_samples / steps_) throw UsageError("--batch and --steps make more samples than a machine holds");
    if (steps_ > 1 && !train_) throw UsageError("--steps is for --train");
    if (!(seconds_ >= 0)) throw UsageError("--seconds is 0 or more");
    if (!pairs_.empty() && !train_) throw UsageError("--option is for --train");
    watch_for_interrupt();
    const Context context = common_.context();
    const double start = now_ms();
    NeuralNetwork network = build_network(read_model(context, model_), context, common_.network());
    const double load_ms = now_ms() - start;
    const NetworkInfo info = network.info();
    const Measured measured = train_ ? measure_steps(network, info) : measure_runs(network, info);
    peak_mb_ = peak_rss_mb();  // what the calibration takes is not the model's
    MachineLimits limits;
    if (profile_) {
      if (!train_) rows_ = network.profile(static_cast<std::size_t>(batch_), 1000 * seconds_);
      limits = measure_limits(context);
    }
    report(network, info, measured, load_ms, limits);
    return exit_done;
  }

 private:
  Measured measure_runs(NeuralNetwork& network, const NetworkInfo& info) const {
    const auto rows = static_cast<std::int64_t>(batch_);
    const auto inputs = sample_inputs(network, info, rows);
    if (inputs.size() > 1 && !info.open.empty()) return measure(seconds_, [&] { network.run_named(inputs); });
    const Tensor input = info.open.empty() ? flat_sample(network, rows) : inputs.front().second;
    try {
      std::vector<float> output(static_cast<std::size_t>(batch_) * outputs_of(network, info));
      return measure(seconds_, [&] { network.run_into(input.shape(), input.span<float>(), output); });
    } catch (const Error& error) {
      if (error.code() != Code::type_mismatch) throw;  // a model of another type has no fast path
      return measure(seconds_, [&] { network.run(input); });
    }
  }

  static Tensor flat_sample(const NeuralNetwork& network, std::int64_t rows) {
    return sample_values(network.context(), Shape{rows, static_cast<std::int64_t>(network.input_size())});
  }

  // Values of one sample's output, behind `io`: a run tells where open dimensions decide.
  static std::size_t outputs_of(NeuralNetwork& network, const NetworkInfo& info) {
    if (network.output_size() > 0 || info.open.empty()) return network.output_size();
    std::size_t count = 0;
    const Output output = network.run_named(sample_inputs(network, info, 1), {.denormalize = false});
    for (const PortInfo& port : output.ports())
      count += static_cast<std::size_t>(port.shape.elements());
    return count;
  }

  // An epoch is one step: the batch lies ready, so that a step's time is what the model costs.
  Measured measure_steps(NeuralNetwork& network, const NetworkInfo& info) {
    const auto rows = static_cast<std::int64_t>(batch_ * steps_);
    TrainOptions options = read_train_options(network.context(), "", pairs_).options;
    options.max_iterations = TrainOptions::unlimited;
    options.batch_size = static_cast<std::size_t>(batch_);
    if (steps_ > 1) options.bptt = static_cast<std::size_t>(steps_);
    options.learning_rate = options.learning_rate.value_or(1e-4);  // nothing is to be learned from noise
    const auto outputs = static_cast<std::int64_t>(outputs_of(network, info));
    Tensor targets;
    if (outputs > 1 && network.output_shape().rank() == 1) {
      targets = Tensor::uninitialised(network.context(), DType::i32, Shape{rows});
      for (std::int64_t i = 0; i < rows; ++i) targets.span<std::int32_t>()[static_cast<std::size_t>(i)] = static_cast<std::int32_t>(i % outputs);
    } else {
      targets = sample_values(network.context(), Shape{rows, outputs});
    }
    Tensor input;
    if (info.open.empty()) {
      input = flat_sample(network, rows);
    } else {
      const auto inputs = sample_inputs(network, info, rows);
      std::int64_t row = 0;
      for (const auto& [name, tensor] : inputs) row += static_cast<std::int64_t>(tensor.elements()) / rows;
      input = inputs.size() == 1 ? inputs.front().second : sample_values(network.context(), Shape{rows, row});
    }
    const Dataset data = steps_ > 1 ? sequences_of(input, targets) : Dataset::from(input, targets);
    TrainingSession session(network, data, options);
    const Measured measured = measure(seconds_, [&] {
      const std::uint64_t before = session.info().iterations;
      while (session.info().iterations == before && session.advance()) {
      }
    });
    if (profile_) rows_ = session.profile(1000 * seconds_);
    return measured;
  }

  // Rows as the steps of sequences, each of which begins anew.
  Dataset sequences_of(const Tensor& inputs, const Tensor& outputs) const {
    const auto row = [](const Tensor& all, std::size_t index) {
      const std::size_t bytes = all.bytes() / static_cast<std::size_t>(all.shape()[0]);
      return Tensor::wrap(static_cast<std::byte*>(const_cast<void*>(all.data())) + index * bytes, all.type(), all.shape().without(0));
    };
    std::vector<Item> items;
    for (std::size_t i = 0; i < batch_ * steps_; ++i) items.push_back({.input = row(inputs, i), .output = row(outputs, i), .reset = i % steps_ == 0});
    return Dataset::from(items);
  }

  void report(const NeuralNetwork& network, const NetworkInfo& info, const Measured& measured, double load_ms,
              const MachineLimits& limits) const {
    const double median = measured.at(0.5), batch = static_cast<double>(batch_ * steps_);
    const double samples_per_s = batch / std::max(median, 1e-9) * 1000;
    // A training step runs the model forwards, and backwards once for the values and once for the weights.
    const double gflops = info.flops * batch * (train_ ? 3 : 1) / std::max(median, 1e-9) / 1e6;
    const std::size_t threads = network.context().executor().width();
    const std::string device = common_.device == "auto" ? "cpu" : common_.device;
    if (common_.json) {
      JsonObject result;
      result.text("model", model_).text("device", device).count("threads", threads).count("batch", batch_);
      if (steps_ > 1) result.count("steps", steps_);
      result.text("what", train_ ? "train" : "run");
      if (!info.open.empty()) {
        JsonObject lengths;
        for (const OpenDimensionInfo& dim : info.open) lengths.count(dim.path, static_cast<std::uint64_t>(dim.counted));
        result.raw("lengths", lengths.str());
      }
      result.number("median_ms", median).number("p99_ms", measured.at(0.99)).number("min_ms", measured.runs.front());
      result.number("samples_per_s", samples_per_s).number("gflops_per_s", gflops).number("load_ms", load_ms);
      result.number("first_ms", measured.first_ms).number("peak_rss_mb", peak_mb_).count("runs", measured.runs.size());
      if (profile_) result.raw("profile", profile_json(rows_, limits));
      print(result.str() + "\n");
      return;
    }
    print(fmt::format("{}: {} of {} on {}, {}, batch {}{}\n", stem(model_), plural(measured.runs.size(), train_ ? "step" : "run"),
                      plural(info.parameters, "parameter"), device, plural(threads, "thread"), batch_,
                      steps_ > 1 ? fmt::format(", sequences of {}", steps_) : "") +
          (info.open.empty() ? "" : "open dimensions: " + lengths_text(info) + "\n") +
          fmt::format("median {:.4g} ms, 99th percentile {:.4g} ms, fastest {:.4g} ms\n", median, measured.at(0.99),
                      measured.runs.front()) +
          fmt::format("{} samples/s, {:.3g} GFLOP/s\n", thousands(static_cast<std::uint64_t>(samples_per_s)), gflops) +
          fmt::format("load {:.3g} ms, first {} {:.3g} ms, peak memory {:.0f} MB\n", load_ms, train_ ? "step" : "run",
                      measured.first_ms, peak_mb_));
    if (profile_) print(profile_text(rows_, limits, median));
  }

  std::string model_;
  std::vector<std::string> pairs_;
  std::uint64_t batch_ = 1, steps_ = 1;
  bool train_ = false, profile_ = false;
  double seconds_ = 2, peak_mb_ = 0;
  std::vector<NodeProfile> rows_;  // with --profile
  CommonOptions common_;
};

}  // namespace

std::unique_ptr<Command> make_bench() { return std::make_unique<Bench>(); }

}  // namespace webai::cli
