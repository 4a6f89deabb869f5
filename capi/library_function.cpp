#include "capi/library_function.h"

#include <algorithm>

#include "capi/guard.h"
#include "capi/network.h"
#include "capi/registered.h"
#include "capi/symbol.h"
#include "capi/tensor.h"

namespace webai::capi {
namespace {

struct Call {
  std::vector<FunctionValue> arguments;
  std::vector<NamedArgument> named;
  Memory* memory = nullptr;
  std::shared_ptr<const Composition> composition;  // where one of the arguments is a symbol
};

Memory* memory_of(webai_value* value) {
  webai_value* const memory = member(value, "memory");
  return kind_of(memory) == WEBAI_HOST ? dynamic_cast<Memory*>(static_cast<HostReference*>(memory)) : nullptr;
}

FunctionValue argument_from(Call& call, const Context& context, webai_value* value) {
  switch (kind_of(value)) {
    case WEBAI_NULL:
      return {};
    case WEBAI_BOOL:
      return static_cast<Boolean*>(value)->value;
    case WEBAI_NUMBER:
      return static_cast<Number*>(value)->value;
    case WEBAI_STRING:
      return static_cast<Text*>(value)->value;
    case WEBAI_TENSOR:
      if (const Symbol* const symbol = symbol_of(value)) {
        call.composition = symbol->composition;
        return symbol->variable;
      }
      return static_cast<TensorValue*>(value)->tensor();
    case WEBAI_LIST:
      (void)collect_numbers(value, DType::fp64, nullptr, 0, "args");  // numbers alone
      if (!is_regular(value))
        refuse(Code::invalid_argument, "RAGGED", "an argument is an array of numbers whose rows are equally long",
               "[[1, 2], [3, 4]]: as many numbers in each row");
      return UntypedNumbers{tensor_from_value(context, DType::fp64, value, "args")};
    default:
      wrong_kind("args", "a tensor, numbers, a text, and behind them options and a state", value);
  }
}

Call read_call(const Context& context, std::span<webai_value* const> given) {
  Call call;
  if (!given.empty() && (call.memory = memory_of(given.back()))) given = given.first(given.size() - 1);
  webai_value* options = nullptr;
  if (!given.empty() && kind_of(given.back()) == WEBAI_MAP) {
    options = given.back();
    given = given.first(given.size() - 1);
  }
  for (webai_value* const value : given) call.arguments.push_back(argument_from(call, context, value));
  if (options)
    for (const auto& [name, value] : static_cast<Map*>(options)->entries())
      call.named.emplace_back(name, argument_from(call, context, value.get()));
  return call;
}

// One call at a time: what it remembers has an order.
class InUse {
 public:
  explicit InUse(Memory& memory) : memory_(memory) {
    if (memory.busy.exchange(true))
      refuse(Code::busy, "BUSY", "another call works with this state", "wait for it, or use a state of its own");
  }
  ~InUse() { memory_.busy.store(false); }
  InUse(const InUse&) = delete;
  InUse& operator=(const InUse&) = delete;

 private:
  Memory& memory_;
};

}  // namespace

Value LibraryFunction::call(std::span<webai_value* const> arguments, CallOutputs*) {
  Call given = read_call(context->core(), arguments);
  if (given.composition) {
    if (given.memory) refuse(Code::unsupported, "COMPOSE", "what remembers cannot be composed with");
    if (!any_thread_) given.composition->operation().bind_loop_thread();
    return make_symbol(*context, function_.compose(given.arguments, given.named), given.composition);
  }
  if (!given.memory) return make_tensor(*context, function_.call(given.arguments, given.named));
  if (given.memory->function != domain_ + "#" + function_.name())
    refuse(Code::invalid_argument, "STATE", "this is the state of another function: " + given.memory->function);
  const InUse in_use(*given.memory);
  given.arguments.emplace_back(given.memory->state);
  return make_tensor(*context, function_.call(given.arguments, given.named));
}

Value LibraryFunction::new_state(std::span<webai_value* const> arguments) {
  const Call given = read_call(context->core(), arguments);  // only checked: the first call says the sizes
  if (given.arguments.size() > function_.parameters().size())
    refuse(Code::invalid_argument, "INPUT_COUNT", function_.name() + " takes " +
                                                      std::to_string(function_.parameters().size()) + " arguments, got " +
                                                      std::to_string(given.arguments.size()));
  Value memory = make<Memory>(*context, 0, function_.get_new_state(), domain_ + "#" + function_.name());
  return make_map(*context, {{"memory", std::move(memory)}});
}

Value functions_value(webai_context& context, const OperationsQuery& query) {
  std::vector<Map::Entry> entries;
  for (auto& [name, function] : get_operations(context.core(), query)) {
    const std::string words = "\"" + name + "\" \"" + name + "@" + query.variant + "\"";
    const bool any_thread = !context.registrations().binds_loop_thread(words);
    entries.emplace_back(name, make<LibraryFunction>(context, name.size(), std::move(function), query.domain, any_thread));
  }
  return make_map(context, std::move(entries));
}

}  // namespace webai::capi
