// Entry points of training: train, stop, verify, and gradients as data.
#include <algorithm>
#include <cmath>

#include "capi/data.h"
#include "capi/function.h"
#include "capi/guard.h"
#include "capi/io_functions.h"
#include "capi/json.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/registered.h"
#include "capi/request.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

// Options that the library reads, without those that are taken here. What JSON has no form for means something to a
// function of the host alone.
TrainOptions read_library_options(webai_value* given, std::initializer_list<std::string_view> taken,
                                  std::vector<std::string>& unknown, bool own = false) {
  std::vector<Json::Member> members;
  if (given)
    for (const auto& [name, value] : static_cast<Map*>(given)->entries())
      if (value && std::ranges::find(taken, name) == taken.end() && !(own && value->kind >= WEBAI_TENSOR))
        members.emplace_back(name, json_from_value(value.get(), TensorForm::array));
  return train_options_from_json(Json::object(std::move(members)), {}, &unknown);
}

Value progress_value(webai_context& context, const Progress& progress) {
  std::vector<Map::Entry> entries;
  entries.emplace_back("iteration", make_number(context, static_cast<double>(progress.iteration)));
  entries.emplace_back("samples", make_number(context, static_cast<double>(progress.samples)));
  if (progress.total_samples)
    entries.emplace_back("totalSamples", make_number(context, static_cast<double>(progress.total_samples)));
  entries.emplace_back("error", make_number(context, progress.error));
  if (progress.accuracy) entries.emplace_back("accuracy", make_number(context, *progress.accuracy));
  if (progress.validation_error) entries.emplace_back("validationError", make_number(context, *progress.validation_error));
  if (progress.validation_accuracy) entries.emplace_back("validationAccuracy", make_number(context, *progress.validation_accuracy));
  entries.emplace_back("learningRate", make_number(context, progress.learning_rate));
  if (!context.is_private())
    entries.emplace_back("samplesPerSecond", make_number(context, progress.samples_per_second));
  entries.emplace_back("epochEnd", make_boolean(context, progress.epoch_end));
  return make_map(context, std::move(entries));
}

struct TrainRequest {
  TrainOptions options;
  Layout layout = Layout::pairs;
  bool loop_thread = false;  // it calls functions of the loop thread
  bool own = false;          // by a function of the host
};

TrainRequest read_train_request(webai_context& context, const NeuralNetwork& network, webai_value* given) {
  check_context(context, given);
  Options opts(given);
  TrainRequest request;
  const auto own = context.registrations().loop_thread_of(network.domain(), algorithm_name("train", opts.text("type", request.options.type)));
  request.own = own.has_value();
  std::vector<std::string> unknown;
  request.options = read_library_options(given, {"layout", "progress", "strict", "validation"}, unknown, request.own);
  request.layout = layout_from_name(opts.text("layout", "pairs"));
  request.loop_thread = own.value_or(false);
  if (webai_value* const progress = opts.find("progress")) {
    auto function = Ref<Function>::share(&expect<Function>(progress, "progress"));
    request.loop_thread = !function->any_thread() || own.value_or(false);
    request.options.progress = [&context, function](const Progress& how_far) {
      const Value map = progress_value(context, how_far);
      webai_value* const argument = map.get();
      function->call({&argument, 1});
    };
  }
  if (!request.own) opts.finish(context, "train", unknown);  // else they are that function's
  return request;
}

// Nothing where a function of the host told no error.
template <class Info> void add_error(webai_context& context, const Info& info, std::vector<Map::Entry>& entries) {
  if (!std::isnan(info.error)) entries.emplace_back("error", make_number(context, info.error));
  if (!std::isnan(info.error_percent)) entries.emplace_back("errorPercent", make_number(context, info.error_percent));
}

Value info_value(webai_context& context, const TrainInfo& info) {
  std::vector<Map::Entry> entries;
  entries.emplace_back("iterations", make_number(context, static_cast<double>(info.iterations)));
  add_error(context, info, entries);
  if (info.accuracy) entries.emplace_back("accuracy", make_number(context, *info.accuracy));
  if (info.validation_error) entries.emplace_back("validationError", make_number(context, *info.validation_error));
  if (info.validation_accuracy) entries.emplace_back("validationAccuracy", make_number(context, *info.validation_accuracy));
  if (info.best_iteration) entries.emplace_back("bestIteration", make_number(context, static_cast<double>(info.best_iteration)));
  if (!context.is_private()) entries.emplace_back("elapsedMs", make_number(context, info.elapsed_ms));
  entries.emplace_back("samples", make_number(context, static_cast<double>(info.samples)));
  entries.emplace_back("stopReason", make_text(context, info.stop_reason));
  return make_map(context, std::move(entries));
}

class TrainJob final : public Job {
 public:
  TrainJob(webai_context& context, NeuralNetwork network, const Dataset& data, const TrainOptions& options)
      : context_(context), session_(std::move(network), data, options) {}
  bool advance() override { return session_.advance(); }
  void cancelled() override {  // the checkpoint
    session_.finish("cancelled");
    while (session_.advance()) {
    }
  }
  Value result() override { return info_value(context_, session_.info()); }

 private:
  webai_context& context_;
  TrainingSession session_;
};

// Through the functions of the model's `io`; inside of a training they have been called before.
Dataset read_data(webai_context& context, const NetworkValue& net, const NeuralNetwork& network, webai_value* data, Layout layout) {
  if (net.is_inner()) return data_from_value(context, network, data, layout);
  check_context(context, data);
  const Value normalized = net.io->normalized(data, layout);
  return data_from_value(context, network, normalized.get(), layout);
}

bool calls_loop_thread(webai_value* data) {
  const DatasetValue* const dataset = dataset_of(data);
  return dataset && dataset->loop_thread;
}

// Where an operation over data belongs.
Placement placement_for(NetworkValue& net, webai_value* data) {
  Placement placement = net.placement();
  placement.loop_thread_only |= calls_loop_thread(data);
  return placement;
}

Value train(webai_context& context, NetworkValue& net, webai_value* data, webai_value* opts, webai_value* cancel) {
  cancel_argument(context, cancel);
  const NeuralNetwork network = net.handle();
  TrainRequest request = read_train_request(context, network, opts);
  webai_value* const held_out = Options(opts).find("validation");
  const Dataset dataset = read_data(context, net, network, data, request.layout);
  if (held_out) request.options.validation = read_data(context, net, network, held_out, request.layout);
  Placement placement = net.placement(true);
  placement.loop_thread_only |= request.loop_thread || calls_loop_thread(data) || (held_out && calls_loop_thread(held_out));
  if (!request.own) {
    auto job = std::make_unique<TrainJob>(context, network, dataset, request.options);
    net.built();  // a model without layers has them now: described here, not in the middle of a step
    return submit(context, std::move(job), cancel, std::move(placement));
  }
  return submit(context,
                once([&context, keep = Ref<NetworkValue>::share(&net), network = network, dataset, options = request.options,
                      given = Value::share(opts), token = Value::share(cancel), stopped = net.expect_training()]() mutable {
                  Request current(*keep, given.get(), token.get());
                  current.stopped = stopped;
                  const auto* const fired = static_cast<Cancel*>(token.get());
                  const TrainInfo info = network.train(dataset, options, fired ? fired->token() : std::stop_token());
                  return merged(context, info_value(context, info), current.answer);
                }),
                cancel, std::move(placement));
}

std::vector<std::string> names_in(webai_value* given, std::string_view option) {
  std::vector<std::string> names;
  if (!given) return names;
  List& list = expect<List>(given, option);
  for (std::size_t i = 0; i < list.size(); ++i) names.push_back(expect<Text>(list.at(i), option).value);
  return names;
}

VerifyOptions read_verify_options(webai_context& context, webai_value* given, Layout& layout,
                                  std::string_view operation) {
  check_context(context, given);
  Options opts(given);
  VerifyOptions options;
  options.error_measure_type = opts.text("errorMeasureType", "");
  options.batch_size = opts.count("batchSize", 0);
  if (options.batch_size == 0 && opts.find("batchSize"))
    throw Error(Code::invalid_argument, {.message = "option \"batchSize\" is 0", .reason = "OPTION", .path = "batchSize",
                                         .expected = "1 or more", .actual = "0",
                                         .hint = "leave it out, and the library chooses"});
  options.type = operation == "verify" ? opts.text("type", "") : "";
  if (operation == "computeGradients") {
    options.to_train = names_in(opts.find("toTrain"), "toTrain");
    options.to_skip = names_in(opts.find("toSkip"), "toSkip");
    options.commit_state = opts.boolean("commitState", false);
    if (opts.find("training")) options.training = opts.boolean("training", false);
  }
  layout = layout_from_name(opts.text("layout", "pairs"));
  if (options.type.empty()) opts.finish(context, operation);
  return options;
}

Value info_value(webai_context& context, const VerifyInfo& info) {
  std::vector<Map::Entry> entries;
  add_error(context, info, entries);
  entries.emplace_back("samples", make_number(context, static_cast<double>(info.samples)));
  if (info.accuracy) entries.emplace_back("accuracy", make_number(context, *info.accuracy));
  if (!info.confusion.empty()) {
    std::vector<Value> rows;
    for (const auto& row : info.confusion) rows.push_back(make_numbers(context, {row.begin(), row.end()}));
    entries.emplace_back("confusion", make_list(context, std::move(rows)));
  }
  return make_map(context, std::move(entries));
}

Value verify(webai_context& context, NetworkValue& net, webai_value* data, webai_value* opts, webai_value* cancel) {
  const Cancel* const token = cancel_argument(context, cancel);
  Layout layout;
  const VerifyOptions options = read_verify_options(context, opts, layout, "verify");
  const NeuralNetwork network = net.handle();
  const Dataset dataset = read_data(context, net, network, data, layout);
  Placement placement = placement_for(net, data);
  placement.loop_thread_only |= context.registrations().loop_thread_of(network.domain(), algorithm_name("verify", options.type)).value_or(false);
  return submit(context,
                once([&context, keep = Ref<NetworkValue>::share(&net), network = network, dataset, options,
                      given = Value::share(opts), cancelled = Value::share(cancel),
                      stop = token ? token->token() : std::stop_token()]() mutable {
                  Request current(*keep, given.get(), cancelled.get());
                  Value info = info_value(context, network.verify(dataset, options, stop));
                  return merged(context, std::move(info), current.answer);
                }),
                cancel, std::move(placement));
}

Value compute_gradients(webai_context& context, NetworkValue& net, webai_value* batch, webai_value* opts,
                        webai_value* cancel) {
  cancel_argument(context, cancel);
  Layout layout;
  const VerifyOptions options = read_verify_options(context, opts, layout, "computeGradients");
  const NeuralNetwork network = net.handle();
  const Dataset dataset = read_data(context, net, network, batch, layout);
  return submit(context, once([&context, network = network, dataset, options]() mutable {
                  const Gradients computed = network.compute_gradients(dataset, options);
                  std::vector<Map::Entry> gradients;
                  for (const auto& [name, tensor] : computed.gradients)
                    gradients.emplace_back(name, make_tensor(context, tensor));
                  return make_map(context, {{"loss", make_number(context, computed.error)},
                                            {"samples", make_number(context, static_cast<double>(computed.samples))},
                                            {"modelHash", make_text(context, computed.model_hash)},
                                            {"gradients", make_map(context, std::move(gradients))}});
                }),
                cancel, placement_for(net, batch));
}

Value apply_gradients(webai_context& context, NetworkValue& net, webai_value* given, webai_value* opts,
                      webai_value* cancel) {
  cancel_argument(context, cancel);
  check_context(context, given);
  webai_value* const inner = member(given, "gradients");
  const DType number_type = net.handle().number_type();  // also where parameters are codes
  Gradients gradients;
  for (const auto& [name, value] : expect<Map>(inner ? inner : given, "gradients").entries()) {
    const auto known = std::ranges::find(net.built().parameters, name, &NetworkValue::Parameter::name);
    if (known == net.built().parameters.end()) refuse(Code::not_found, "GRADIENT", "there is no parameter \"" + name + "\"");
    const Tensor tensor = tensor_from_value(context.core(), number_type, value.get(), name);
    if (static_cast<std::int64_t>(tensor.elements()) != known->shape.elements())
      throw Error(Code::shape_mismatch, {.message = "the gradient of \"" + name + "\"",
                                         .reason = "GRADIENT",
                                         .expected = known->shape.text(),
                                         .actual = tensor.shape().text()});
    gradients.gradients.emplace(name, tensor);
  }
  if (webai_value* const hash = inner ? member(given, "modelHash") : nullptr)
    gradients.model_hash = expect<Text>(hash, "modelHash").value;
  Options own(opts);
  ApplyOptions options;
  options.scale = own.number("scale", 1);
  options.optimizer = own.text("optimizer", "");
  std::vector<std::string> unknown;
  options.options = read_library_options(opts, {"scale", "strict"}, unknown);
  own.finish(context, "applyGradients", unknown);
  return submit(context, once([network = net.handle(), gradients = std::move(gradients), options]() mutable -> Value {
                  network.apply_gradients(gradients, options);
                  return {};
                }),
                cancel, net.placement());
}

}  // namespace
}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_network_train(webai_network* net, webai_value* data, webai_value* opts, webai_cancel* cancel,
                                 webai_future** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return train(context, network, data, opts, cancel);
  });
}

void webai_network_stop_training(webai_network* net) {
  (void)guarded(nullptr, nullptr, [&] { expect<NetworkValue>(net, "net").stop_training(); });
}

webai_status webai_network_verify(webai_network* net, webai_value* data, webai_value* opts, webai_cancel* cancel,
                                  webai_future** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return verify(context, network, data, opts, cancel);
  });
}

webai_status webai_network_compute_gradients(webai_network* net, webai_value* batch, webai_value* opts,
                                             webai_cancel* cancel, webai_future** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return compute_gradients(context, network, batch, opts, cancel);
  });
}

webai_status webai_network_apply_gradients(webai_network* net, webai_value* gradients, webai_value* opts,
                                           webai_cancel* cancel, webai_future** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return apply_gradients(context, network, gradients, opts, cancel);
  });
}

}  // extern "C"
