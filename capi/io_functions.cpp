#include "capi/io_functions.h"

#include "capi/guard.h"
#include "capi/options.h"
#include "capi/tensor.h"

namespace webai::capi {
namespace {

// A map with a member changed, or without it where that is null; null where nothing is left.
Value with(webai_context& context, webai_value* map, std::string_view key, Value value) {
  std::vector<Map::Entry> entries;
  for (const Map::Entry& entry : static_cast<Map*>(map)->entries())
    if (entry.first != key)
      entries.push_back(entry);
    else if (value)
      entries.emplace_back(entry.first, value);
  return entries.empty() ? Value() : make_map(context, std::move(entries));
}

// The function at io[side][word], taken out of the model.
Ref<Function> take(webai_context& context, Value& model, std::string_view side, std::string_view word) {
  webai_value* const io = member(model.get(), "io");
  webai_value* const rules = member(io, side);
  Ref<Function> function = function_of(member(rules, word));
  if (!function) return {};
  model = with(context, model.get(), "io", with(context, io, side, with(context, rules, word, {})));
  return function;
}

}  // namespace

Value call_with(Function& function, webai_value* value) { return function.call({&value, 1}); }

IoFunctions::IoFunctions(webai_context& context, Value& model) : context_(context) {
  std::vector<Ref<Function>> functions = {take(context, model, "input", "normalize"), take(context, model, "output", "normalize"),
                                          take(context, model, "output", "denormalize")};
  if (!functions[0] && !functions[1] && !functions[2]) return;
  functions_ = std::make_shared<Registered>("io", std::move(functions));
  context.registrations().add(functions_);
}

IoFunctions::IoFunctions(webai_context& context, Options& opts, const IoFunctions& network) : context_(context) {
  const auto chosen = [&](std::string_view word, Ref<Function> own) {
    webai_value* const given = opts.find(word);
    if (!given) return own;
    if (Ref<Function> function = function_of(given)) return function;
    throw Error(Code::type_mismatch, {.message = "\"" + std::string(word) + "\" is a function",
                                      .reason = "OPTION",
                                      .path = std::string(word),
                                      .expected = "a function",
                                      .actual = std::string(kind_name(kind_of(given))),
                                      .hint = "make one with webai_function_create, or leave it out"});
  };
  std::vector<Ref<Function>> functions = {chosen("normalizeInput", network.normalize_input()),
                                          chosen("normalizeOutput", network.normalize_output()), {}};
  if (!functions[0] && !functions[1]) return;
  functions_ = std::make_shared<Registered>("io", std::move(functions));
  context.registrations().add(functions_);
}

IoFunctions::~IoFunctions() {
  if (functions_) context_.registrations().remove(*functions_);
}

Ref<Function> IoFunctions::get(std::size_t index) const { return functions_ ? functions_->function(index) : Ref<Function>(); }

Dataset IoFunctions::normalized(const Dataset& data, const std::shared_ptr<const void>& kept) const {
  // With the functions as they are registered: the dataset may outlive the network.
  return data.map([&context = context_, functions = functions_, kept](const Item& item) {
    const auto side = [&](const Ref<Function>& function, const Tensor& given) {
      if (!function) return given;
      const Value value = make_tensor(context, given.clone(context.core()));
      return tensor_from_value(context.core(), DType::fp64, call_with(*function, value.get()).get(), "what a function normalized");
    };
    return Item{side(functions->function(0), item.input), item.ignore ? item.output : side(functions->function(1), item.output),
                item.reset, item.ignore};
  });
}

Value IoFunctions::normalized(webai_value* data, Layout& layout, const std::shared_ptr<const void>& kept) const {
  if (!normalize_input() && !normalize_output()) return Value::share(data);
  if (DatasetValue* const dataset = dataset_of(data))
    return make<DatasetValue>(context_, 0, normalized(dataset->dataset, kept), dataset->loop_thread || binds_loop_thread(), dataset->steps + 1);
  if (kind_of(data) == WEBAI_MAP && member(data, "input") && member(data, "output")) {
    const auto column = [&](const char* name) {
      return tensor_from_value(context_.core(), DType::fp64, member(data, name), name);
    };
    return make<DatasetValue>(context_, 0, normalized(Dataset::from(column("input"), column("output")), kept), binds_loop_thread(), 1);
  }
  if (kind_of(data) != WEBAI_LIST) return Value::share(data);
  const Ref<Function> of_input = normalize_input(), of_output = normalize_output();
  const Value reset = make_map(context_, {{"$instruction", make_text(context_, "reset")}});
  const auto side = [](const Ref<Function>& function, webai_value* value) {
    return function ? call_with(*function, value) : Value::share(value);
  };
  std::vector<Value> pairs;
  each_sample(*static_cast<List*>(data), layout, [&](const Sample& sample) {
    if (sample.reset) pairs.push_back(reset);
    std::vector<Value> pair;
    pair.push_back(side(of_input, sample.input));
    pair.push_back(sample.ignored ? Value::share(sample.output) : side(of_output, sample.output));
    pairs.push_back(make_list(context_, std::move(pair)));
  }, [&] { pairs.push_back(reset); });
  layout = Layout::pairs;
  return make_list(context_, std::move(pairs));
}

RunFunctions::RunFunctions(Options& opts, const IoFunctions& io) {
  const auto chosen = [&](std::string_view word, Ref<Function> own) {
    webai_value* const given = opts.find(word);
    if (Ref<Function> function = function_of(given)) return function;
    const bool off = kind_of(given) == WEBAI_BOOL && !static_cast<Boolean*>(given)->value;
    return off ? Ref<Function>() : own;
  };
  normalize = chosen("normalize", io.normalize_input());
  denormalize = chosen("denormalize", io.denormalize_output());
}

bool RunFunctions::binds_loop_thread() const noexcept {
  return (normalize && !normalize->any_thread()) || (denormalize && !denormalize->any_thread());
}

}  // namespace webai::capi
