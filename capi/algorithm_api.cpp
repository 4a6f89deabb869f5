// Entry points that add ways of training, running, verifying and exporting: functions of the host over a network from
// inside.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "capi/dataset.h"
#include "capi/guard.h"
#include "capi/json.h"
#include "capi/options.h"
#include "capi/registered.h"
#include "capi/request.h"
#include "capi/run_values.h"
#include "capi/tensor.h"
#include "webai/algorithms.hpp"

namespace webai::capi {
namespace {

// The signal of a training, for as long as that goes on.
struct Signal {
  std::mutex mutex;
  const ControlSignal* control;
  bool told() {
    const std::lock_guard guard(mutex);
    return control && control->stopped();
  }
};

// One call of such a function: the network from inside, and what ends with the call.
class Inside {
 public:
  Inside(webai_context& context, InternalModel& model, std::optional<RunOptions> run = {})
      : context_(context), request_(Request::current(context)) {
    network_ = make<NetworkValue>(context, 0, request_.net(), model.network(), over_, std::move(run));
  }
  ~Inside() {
    over_->store(true);
    if (!signal_) return;
    const std::lock_guard guard(signal_->mutex);
    signal_->control = nullptr;
  }
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

  NetworkValue* network() const noexcept { return network_.get(); }
  webai_value* opts() const noexcept { return request_.opts(); }
  Request& request() const noexcept { return request_; }

  /// Always in batches: those that the options or the data ask for, else of one sample, or of one sequence where the
  /// network remembers.
  Value dataset(InternalModel& model, const Dataset& data, std::size_t batch) const {
    Dataset read = model.network().read_data(data);
    if (batch || !read.batch_size()) read = read.batch(batch ? batch : 1);
    return make<DatasetValue>(context_, 0, std::move(read), false, 0, true, model.network().is_stateful());
  }

  /// Fired by the caller's token, stop_training, the option "timeout" and shutdown.
  Value cancel(const ControlSignal& control) {
    signal_ = std::make_shared<Signal>();
    signal_->control = &control;
    const Ref<Cancel> given = Ref<Cancel>::share(const_cast<Cancel*>(request_.cancel()));
    return make<Cancel>(context_, 0, [signal = signal_, given, context = &context_] {
      return signal->told() || (given && given->fired()) || context->is_shut_down();
    });
  }

 private:
  webai_context& context_;
  Request& request_;
  const std::shared_ptr<std::atomic<bool>> over_ = std::make_shared<std::atomic<bool>>(false);
  std::shared_ptr<Signal> signal_;
  Ref<NetworkValue> network_;
};

[[noreturn]] void wrong_answer(const Registered& function, const char* expected, const webai_value* actual) {
  throw Error(Code::host_error, {.message = "\"" + function.name() + "\" gave " + std::string(kind_name(kind_of(actual))),
                                 .reason = "ALGORITHM_RESULT",
                                 .expected = expected,
                                 .actual = std::string(kind_name(kind_of(actual)))});
}

double number_in(const Registered& function, webai_value* map, std::string_view key, double otherwise) {
  webai_value* const value = member(map, key);
  if (!value) return otherwise;
  if (value->kind != WEBAI_NUMBER) wrong_answer(function, ("a number as \"" + std::string(key) + "\"").c_str(), value);
  return static_cast<Number*>(value)->value;
}

std::uint64_t count_in(const Registered& function, webai_value* map, std::string_view key, std::uint64_t otherwise) {
  const double value = number_in(function, map, key, static_cast<double>(otherwise));
  if (!(value >= 0 && value < 9e15 && value == std::floor(value)))
    wrong_answer(function, ("a whole number as \"" + std::string(key) + "\"").c_str(), member(map, key));
  return static_cast<std::uint64_t>(value);
}

// "error" (or the proposal's "finalError"), "errorPercent", "samples", "accuracy" of an info map. An error that is not said
// is none: not 0, which any bound would take for reached.
template <class Info> void read_info(const Registered& function, webai_value* map, Info& info) {
  if (kind_of(map) != WEBAI_MAP) wrong_answer(function, "a map that says \"error\" and more", map);
  info.error = number_in(function, map, "error", number_in(function, map, "finalError", std::numeric_limits<double>::quiet_NaN()));
  info.error_percent = number_in(function, map, "errorPercent", 100 * info.error);
  info.samples = count_in(function, map, "samples", 0);
  if (member(map, "accuracy")) info.accuracy = number_in(function, map, "accuracy", 0);
}

using Own = std::shared_ptr<const Registered>;

TrainInfo call_train(webai_context& context, const Registered& function, InternalModel& model, const Dataset& data,
                     const TrainOptions& options, const ControlSignal& control) {
  Inside inside(context, model);
  if (const auto& stopped = inside.request().stopped; stopped && *stopped) model.network().stop_training();
  const Value dataset = inside.dataset(model, data, options.batch_size), cancel = inside.cancel(control);
  webai_value* const arguments[] = {inside.network(), dataset.get(), inside.opts(), cancel.get()};
  const Value answer = function.function()->call(arguments);
  TrainInfo info;
  read_info(function, answer.get(), info);
  info.iterations = count_in(function, answer.get(), "iterations", 0);
  if (webai_value* const reason = member(answer.get(), "stopReason")) info.stop_reason = expect<Text>(reason, "stopReason").value;
  inside.request().answer = answer;
  return info;
}

VerifyInfo call_verify(webai_context& context, const Registered& function, InternalModel& model, const Dataset& data,
                       const VerifyOptions& options) {
  Inside inside(context, model);
  const Value dataset = inside.dataset(model, data, options.batch_size);
  webai_value* const arguments[] = {inside.network(), dataset.get(), inside.opts()};
  const Value answer = function.function()->call(arguments);
  VerifyInfo info;
  read_info(function, answer.get(), info);
  inside.request().answer = answer;
  return info;
}

// Codes of an integer model stay such, as a run inside of the function gives them.
Tensor numbers_in(const webai_context& context, const NeuralNetwork& network, webai_value* value, std::string_view what) {
  if (kind_of(value) == WEBAI_TENSOR && static_cast<TensorValue*>(value)->tensor().type() == network.data_type())
    return static_cast<TensorValue*>(value)->tensor();
  return tensor_from_value(context.core(), network.number_type(), value, what);
}

// All outputs of the network by name, as its own run gives them: not the only one that nobody named.
bool is_outputs(webai_value* value, const std::vector<PortInfo>& ports) {
  if (ports.size() == 1 && ports.front().name == "output") return false;
  if (kind_of(value) != WEBAI_MAP || static_cast<Map*>(value)->entries().size() != ports.size()) return false;
  return std::ranges::all_of(ports, [&](const PortInfo& port) {
    webai_value* const one = member(value, port.name);
    return kind_of(one) == WEBAI_TENSOR || kind_of(one) == WEBAI_LIST || kind_of(one) == WEBAI_NUMBER;
  });
}

// The rows that they come apart from: sample by sample, one output behind the other.
Tensor joined_outputs(const webai_context& context, const Registered& function, const NeuralNetwork& network, webai_value* map,
                      const std::vector<PortInfo>& ports) {
  std::vector<Tensor> parts;
  std::size_t samples = 0, width = 0;
  bool batched = false;
  for (const PortInfo& port : ports) {
    const Tensor part = numbers_in(context, network, member(map, port.name), port.name);
    const bool rows = part.shape().rank() > port.shape.rank();
    const std::size_t own = rows ? static_cast<std::size_t>(part.shape()[0]) : 1;
    const bool fits = own > 0 && part.elements() > 0 &&
                      (!port.shape.is_concrete() || part.elements() == own * static_cast<std::size_t>(port.shape.elements()));
    if (!fits || (!parts.empty() && (own != samples || part.type() != parts.front().type())))
      throw Error(Code::host_error, {.message = "\"" + function.name() + "\" gave another size or type of output " + port.title(),
                                     .reason = "ALGORITHM_RESULT",
                                     .path = port.name,
                                     .expected = port.shape.text() + " for each sample, in as many samples as the others",
                                     .actual = part.shape().text()});
    batched = rows;
    samples = own;
    width += part.elements() / own;
    parts.push_back(part);
  }
  const std::size_t size = size_of(parts.front().type());
  const auto outputs = static_cast<std::int64_t>(width);
  Tensor joined = Tensor::uninitialised(context.core(), parts.front().type(), batched ? Shape{static_cast<std::int64_t>(samples), outputs} : Shape{outputs});
  auto* to = static_cast<std::byte*>(joined.data());
  for (std::size_t sample = 0; sample < samples; ++sample)
    for (const Tensor& part : parts) {
      const std::size_t bytes = part.elements() / samples * size;
      std::memcpy(to, static_cast<const std::byte*>(part.data()) + sample * bytes, bytes);
      to += bytes;
    }
  return joined;
}

RunResult call_run(webai_context& context, const Registered& function, InternalModel& model, const Tensor& input,
                   std::string_view state) {
  Options outer(Request::current(context).opts());
  Inside inside(context, model, read_run_options(outer));
  const Value given = make_tensor(context, input);
  const Value before = state.empty() ? Value() : value_from_json(context, read_json(state, context.core().limits()));
  webai_value* const arguments[] = {inside.network(), given.get(), before.get()};
  const Value answer = function.function()->call(arguments);
  const std::vector<PortInfo>& ports = inside.network()->built().outputs;
  const bool named = kind_of(answer.get()) == WEBAI_MAP && !is_outputs(answer.get(), ports);
  webai_value* const output = named ? member(answer.get(), "output") : answer.get();
  RunResult result;
  if (is_outputs(output, ports)) {
    result.output = joined_outputs(context, function, model.network(), output, ports);
  } else {
    if (kind_of(output) != WEBAI_TENSOR && kind_of(output) != WEBAI_LIST && kind_of(output) != WEBAI_NUMBER)
      wrong_answer(function, "{\"output\", \"newState\"}, the output alone, or all outputs by name", named ? output : answer.get());
    result.output = numbers_in(context, model.network(), output, "output");
  }
  if (!named) return result;
  if (webai_value* const next = member(answer.get(), "newState")) result.new_state = write_json(json_from_value(next, TensorForm::array));
  if (webai_value* const done = member(answer.get(), "denormalized")) result.denormalized = expect<Boolean>(done, "denormalized").value;
  return result;
}

std::string call_export(webai_context& context, const Registered& function, InternalModel& model) {
  Inside inside(context, model);
  webai_value* const arguments[] = {inside.network(), inside.opts()};
  const Value answer = function.function()->call(arguments);
  if (!answer) wrong_answer(function, "any value", nullptr);
  inside.request().answer = answer;
  return {};
}

// The frame of the four: {"name", "domain"} and a function.
template <class Define>
webai_status define(webai_context* ctx, std::string_view kind, webai_value* description, webai_value* fn, webai_error** err,
                    Define&& body) noexcept {
  return guarded(ctx, err, [&] {
    webai_context& context = required(ctx, "ctx");
    context.check_alive();
    check_context(context, description);
    check_context(context, fn);
    expect<Map>(description, "description");
    Options words(description);
    AlgorithmDefinition definition{.name = words.text("name", ""), .domain = words.text("domain", "core")};
    words.finish(context, "define");
    Ref<Function> function = Ref<Function>::share(&expect<Function>(fn, "fn"));
    const auto registered = std::make_shared<Registered>(algorithm_name(kind, definition.name),
                                                         std::vector<Ref<Function>>{std::move(function)}, definition.domain);
    keep_registered(context.registrations(), registered,
                    [&] { body(context, std::move(definition), Own(registered)); });
  });
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_define_export(webai_context* ctx, webai_value* description, webai_function* fn, webai_error** err) {
  return define(ctx, "export", description, fn, err, [](webai_context& context, webai::AlgorithmDefinition what, Own own) {
    webai::define_export(context.core(), std::move(what),
                         [&context, own](webai::InternalModel& model, const webai::Json&) { return call_export(context, *own, model); });
  });
}

webai_status webai_define_run(webai_context* ctx, webai_value* description, webai_function* fn, webai_error** err) {
  return define(ctx, "run", description, fn, err, [](webai_context& context, webai::AlgorithmDefinition what, Own own) {
    webai::define_run(context.core(), std::move(what),
                      [&context, own](webai::InternalModel& model, const webai::Tensor& input, std::string_view state) {
                        return call_run(context, *own, model, input, state);
                      });
  });
}

webai_status webai_define_train(webai_context* ctx, webai_value* description, webai_function* fn, webai_error** err) {
  return define(ctx, "train", description, fn, err, [](webai_context& context, webai::AlgorithmDefinition what, Own own) {
    webai::define_train(context.core(), std::move(what),
                        [&context, own](webai::InternalModel& model, const webai::Dataset& data,
                                        const webai::TrainOptions& options, webai::ControlSignal& control) {
                          return call_train(context, *own, model, data, options, control);
                        });
  });
}

webai_status webai_define_verify(webai_context* ctx, webai_value* description, webai_function* fn, webai_error** err) {
  return define(ctx, "verify", description, fn, err, [](webai_context& context, webai::AlgorithmDefinition what, Own own) {
    webai::define_verify(context.core(), std::move(what),
                         [&context, own](webai::InternalModel& model, const webai::Dataset& data,
                                         const webai::VerifyOptions& options) {
                           return call_verify(context, *own, model, data, options);
                         });
  });
}

}  // extern "C"
