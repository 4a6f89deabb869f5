#include "capi/symbol.h"

#include "capi/context.h"
#include "capi/guard.h"
#include "capi/tensor.h"

namespace webai::capi {

void Composition::check() const {
  if (!under_way_.load() || thread_ != std::this_thread::get_id())
    refuse(Code::invalid_argument, "SYMBOL_KEPT", "a value was kept from an operation that was composed before, or is on another thread",
           "use only the values that the call at hand was given, on its thread");
}

Value make_symbol(webai_context& context, Variable variable, std::shared_ptr<const Composition> composition) {
  return make<TensorValue>(context, 0, std::make_shared<const Symbol>(Symbol{variable, std::move(composition)}));
}

const Symbol* symbol_of(const webai_value* value) {
  if (kind_of(value) != WEBAI_TENSOR) return nullptr;
  const Symbol* const symbol = static_cast<const TensorValue*>(value)->symbol();
  if (symbol) symbol->composition->check();
  return symbol;
}

}  // namespace webai::capi
