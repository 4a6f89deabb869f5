// The activation of a layer as a function, for the operation of that layer.
#pragma once

#include <memory>

#include "capi/function.h"
#include "capi/symbol.h"

namespace webai::capi {

/// Called with one value: of what is being composed, or with numbers. Only while the operation's function runs.
class LayerActivation final : public Function {
 public:
  LayerActivation(const Argument& activation, std::shared_ptr<const Composition> life)
      : activation_(activation), life_(std::move(life)) {}
  void destroy() noexcept override { delete this; }
  Value call(std::span<webai_value* const> arguments, CallOutputs* outputs) override;
  bool any_thread() const noexcept override { return true; }
  bool is_pure() const noexcept override { return true; }

 private:
  ~LayerActivation() = default;
  const Argument activation_;
  const std::shared_ptr<const Composition> life_;
};

}  // namespace webai::capi
