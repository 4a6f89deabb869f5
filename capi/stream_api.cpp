// Entry points of streams: runs that give one result after the other, samples of datasets, prepared records.
#include "capi/stream.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "capi/data.h"
#include "capi/dataset.h"
#include "capi/guard.h"
#include "capi/io_functions.h"
#include "capi/network.h"
#include "capi/options.h"
#include "capi/registered.h"
#include "capi/request.h"
#include "capi/run_values.h"
#include "capi/tensor.h"
#include "capi/value.h"
#include "webai/stream.hpp"

namespace webai::capi {

class StreamValue::NextJob final : public Job {
 public:
  explicit NextJob(Ref<StreamValue> stream) : stream_(std::move(stream)) {}
  ~NextJob() override { stream_->busy_.store(false); }
  bool advance() override {
    std::unique_ptr<ItemSource> source = std::move(stream_->source_);  // a failure ends the stream
    item_ = source ? source->next() : std::nullopt;
    if (item_) stream_->source_ = std::move(source);
    return false;
  }
  Value result() override { return item_ ? std::move(*item_) : Value(); }
  webai_status status() const override { return item_ ? WEBAI_OK : WEBAI_END; }

 private:
  Ref<StreamValue> stream_;
  std::optional<Value> item_;
};

Ref<Future> StreamValue::next() {
  if (busy_.exchange(true)) refuse(Code::busy, "BUSY", "the stream's last item is unfinished", "wait for it first");
  std::unique_ptr<Job> job;
  try {
    job = std::make_unique<NextJob>(Ref<StreamValue>::share(this));
  } catch (...) {
    busy_.store(false);
    throw;
  }
  Placement where = source_ ? source_->placement() : Placement();
  return submit(*context, std::move(job), cancel_.get(), std::move(where));
}

std::optional<Value> StreamValue::pull() {
  if (source_ && source_->placement().loop_thread_only && !context->on_loop_thread())
    refuse(Code::wrong_thread, "LOOP_THREAD", "this stream calls functions of the loop thread",
           "take from it on that thread, or make its functions with WEBAI_ANY_THREAD");
  check_cancel(cancel_.get());
  if (busy_.exchange(true)) refuse(Code::busy, "BUSY", "the stream's last item is unfinished", "wait for it first");
  struct Idle {
    std::atomic<bool>& busy;
    ~Idle() { busy.store(false); }
  } idle{busy_};
  std::unique_ptr<ItemSource> source = std::move(source_);  // a failure ends the stream
  std::optional<Value> item = source ? source->next() : std::nullopt;
  if (item) source_ = std::move(source);
  return item;
}

namespace {

GenerateOptions read_generate_options(webai_context& context, webai_value* given, bool strict) {
  Options opts(given);
  GenerateOptions options;
  options.steps = opts.count("steps", 0);
  options.temperature = opts.number("temperature", 1);
  options.top_k = opts.count("topK", 0);
  options.top_p = opts.number("topP", 1);
  if (opts.find("seed")) options.seed = opts.count("seed", 0);
  webai_value* const until = opts.find("until");
  if (kind_of(until) == WEBAI_LIST) {
    auto& list = *static_cast<List*>(until);
    for (std::size_t i = 0; i < list.size(); ++i) options.until.push_back(expect<Text>(list.at(i), "until").value);
  } else if (until) {
    options.until.push_back(expect<Text>(until, "until").value);
  }
  opts.finish(context, "generate", strict);
  return options;
}

class RunSource final : public ItemSource {
 public:
  RunSource(Ref<NetworkValue> net, RunStream stream, RunOptions options, bool generates, RunFunctions functions,
            webai_value* given)
      : net_(std::move(net)),
        network_(net_->handle()),
        stream_(std::move(stream)),
        options_(options),
        generates_(generates),
        functions_(std::move(functions)),
        given_(Value::share(given)) {}

  std::optional<Value> next() override {
    std::optional<Request> request;  // for a function of the host that runs the network its own way
    if (!options_.type.empty()) request.emplace(*net_, given_.get(), nullptr);
    const std::optional<StreamItem> item = stream_.next();
    if (!item) return {};
    webai_context& context = *net_->context;
    if (!generates_) {
      Value output = output_value(*net_, network_, item->output, nullptr, options_);
      return functions_.denormalize ? call_with(*functions_.denormalize, output.get()) : output;
    }
    return make_map(context, {{"token", make_text(context, item->token)}, {"index", make_number(context, static_cast<double>(*item->index))}});
  }
  Placement placement() const override {
    Placement where = net_->placement();
    where.loop_thread_only |= functions_.binds_loop_thread();
    if (!options_.type.empty())
      where.loop_thread_only |=
          net_->context->registrations().loop_thread_of(network_.domain(), algorithm_name("run", options_.type)).value_or(false);
    return where;
  }

 private:
  Ref<NetworkValue> net_;
  NeuralNetwork network_;
  RunStream stream_;
  RunOptions options_;
  bool generates_;
  RunFunctions functions_;
  Value given_;
};

Value run_stream(webai_context& context, NetworkValue& net, webai_value* in, webai_value* given, webai_value* cancel) {
  Ref<Cancel> token = Ref<Cancel>::share(cancel_argument(context, cancel));
  check_context(context, given);
  Options opts(given);
  StreamOptions options;
  options.run = net.within(read_run_options(opts));
  if (options.run.debug) refuse(Code::unsupported, "OPTION", "streams give no activations");
  if (webai_value* const generate = opts.find("generate")) options.generate = read_generate_options(context, generate, opts.boolean("strict", false));
  opts.find("ahead");  // nothing is computed before it is asked for
  const RunFunctions functions = net.is_inner() ? RunFunctions() : RunFunctions(opts, *net.io);
  if (options.run.type.empty()) opts.finish(context, "runStream");  // else they are that function's
  if (token) options.stop = token->token();
  const NeuralNetwork network = net.handle();
  check_context(context, in);
  const Value normalized = functions.normalize ? call_with(*functions.normalize, in) : Value::share(in);
  in = normalized.get();
  RunStream stream = kind_of(in) == WEBAI_STRING ? network.run_stream(Json::text(static_cast<Text*>(in)->value), options)
                                                 : network.run_stream(read_input(context, net, network, in, options.run.normalize), options);
  auto source = std::make_unique<RunSource>(Ref<NetworkValue>::share(&net), std::move(stream), options.run, options.generate.has_value(), functions,
                                            given);
  return make<StreamValue>(context, 0, std::move(source), std::move(token));
}

// Samples by themselves, or batches of them where the dataset was told to make such.
class DatasetSource final : public ItemSource {
 public:
  DatasetSource(Ref<DatasetValue> dataset, webai_context& context)
      : dataset_(std::move(dataset)), context_(context), epoch_(dataset_->next_epoch()) {}

  std::optional<Value> next() override {
    if (!reader_) reader_.emplace(context_.core(), dataset_->dataset, epoch_);
    const std::optional<std::size_t> batch = dataset_->dataset.batch_size();
    if (!batch) {
      const std::optional<Item> item = reader_->next();
      return item ? std::optional(value_of_item(context_, *item)) : std::nullopt;
    }
    const std::vector<Item> items = batch_of(*batch);
    if (items.empty()) return {};
    // Tensors have no place for what begins a sequence or is not judged.
    const bool plain = std::ranges::none_of(items, [](const Item& item) { return item.reset || item.ignore; });
    if (!plain || dataset_->sequences) return pairs_of(items);
    return make_map(context_, {{"input", make_tensor(context_, stacked(items, &Item::input))},
                               {"output", make_tensor(context_, stacked(items, &Item::output))}});
  }
  Placement placement() const override {
    Placement where;
    where.loop_thread_only = dataset_->loop_thread;
    where.at_once = dataset_->inner;
    return where;
  }

 private:
  // [input, output] and instructions, as data are given.
  Value pairs_of(const std::vector<Item>& items) const {
    std::vector<Value> list;
    const auto instruction = [&](const char* name) { return make_map(context_, {{"$instruction", make_text(context_, name)}}); };
    for (const Item& item : items) {
      if (item.reset) list.push_back(instruction("reset"));
      list.push_back(make_list(context_, {make_tensor(context_, item.input.clone(context_.core())),
                                          item.ignore ? instruction("ignore") : make_tensor(context_, item.output.clone(context_.core()))}));
    }
    return make_list(context_, std::move(list));
  }

  // So many samples; of a network that remembers, so many whole sequences.
  std::vector<Item> batch_of(std::size_t count) {
    std::vector<Item> items;
    std::size_t begun = 0;
    while (dataset_->sequences || items.size() < count) {
      if (!waiting_) waiting_ = reader_->next();
      if (!waiting_) return items;
      begun += dataset_->sequences ? items.empty() || waiting_->reset : 1;
      if (begun > count) return items;
      items.push_back(*std::exchange(waiting_, std::nullopt));
    }
    return items;
  }

  Tensor stacked(const std::vector<Item>& items, Tensor Item::*side) const {
    const Tensor& first = items.front().*side;
    Tensor all = Tensor::uninitialised(context_.core(), first.type(), first.shape().inserted(0, static_cast<std::int64_t>(items.size())));
    for (std::size_t i = 0; i < items.size() && first.bytes() != 0; ++i)
      std::memcpy(static_cast<std::byte*>(all.data()) + i * first.bytes(), (items[i].*side).data(), first.bytes());
    return all;
  }

  Ref<DatasetValue> dataset_;
  webai_context& context_;
  std::uint64_t epoch_;
  std::optional<DatasetReader> reader_;
  std::optional<Item> waiting_;  // read ahead: the first of the next batch
};

// Records of so many samples at a time.
class RecordSource final : public ItemSource {
 public:
  RecordSource(Ref<DatasetValue> dataset, Ref<NetworkValue> net, std::size_t samples)
      : dataset_(std::move(dataset)), net_(std::move(net)), samples_(samples) {}

  std::optional<Value> next() override {
    webai_context& context = *net_->context;
    if (!reader_) {
      const NeuralNetwork network = net_->handle();
      reader_.emplace(context.core(), network.read_data(dataset_->dataset));
      encoder_.emplace(network);
    }
    std::size_t taken = 0;
    for (; taken < samples_; ++taken) {
      const std::optional<Item> item = reader_->next();
      if (!item) break;
      encoder_->push(*item);
    }
    if (taken == 0) return {};
    return make_tensor(context, encoder_->pull());
  }
  Placement placement() const override {
    Placement where = net_->placement();
    where.loop_thread_only |= dataset_->loop_thread;
    return where;
  }

 private:
  Ref<DatasetValue> dataset_;
  Ref<NetworkValue> net_;
  std::size_t samples_;
  std::optional<DatasetReader> reader_;
  std::optional<DataEncoder> encoder_;
};

}  // namespace

Value stream_of_records(webai_context& context, DatasetValue& dataset, NetworkValue& net, std::size_t samples) {
  auto source = std::make_unique<RecordSource>(Ref<DatasetValue>::share(&dataset), Ref<NetworkValue>::share(&net), samples);
  return make<StreamValue>(context, 0, std::move(source), Ref<Cancel>());
}

}  // namespace webai::capi

using namespace webai::capi;

extern "C" {

webai_status webai_network_run_stream(webai_network* net, webai_value* in, webai_value* opts, webai_cancel* cancel,
                                      webai_stream** out, webai_error** err) {
  return produced_by<NetworkValue>(net, "net", out, err, [&](NetworkValue& network, webai_context& context) {
    return run_stream(context, network, in, opts, cancel);
  });
}

webai_status webai_dataset_iterate(webai_dataset* dataset, webai_cancel* cancel, webai_stream** out, webai_error** err) {
  return produced_by<DatasetValue>(dataset, "dataset", out, err, [&](DatasetValue& given, webai_context& context) {
    Ref<Cancel> token = Ref<Cancel>::share(cancel_argument(context, cancel));
    auto source = std::make_unique<DatasetSource>(Ref<DatasetValue>::share(&given), context);
    return make<StreamValue>(context, 0, std::move(source), std::move(token));
  });
}

webai_status webai_stream_next(webai_stream* stream, webai_future** out, webai_error** err) {
  return produced_by<StreamValue>(stream, "stream", out, err, [](StreamValue& given, webai_context&) { return given.next(); });
}

}  // extern "C"
