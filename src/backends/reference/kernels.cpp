// Reference kernels as host kernels: shapes are fixed at compile time, so a run only fills in addresses.
#include <optional>

#include "backends/reference/products.h"
#include "backends/reference/reference.h"
#include "core/op/evaluate.h"

namespace webai::reference {
namespace {

std::size_t bytes_of(const ValueType& type) {
  return static_cast<std::size_t>(type.shape.elements()) * size_of(type.type);
}

class ReferenceKernel final : public HostKernel {
 public:
  explicit ReferenceKernel(const KernelRequest& request)
      : attributes_(request.node.attributes),
        op_(definition(request.node)),
        chain_(request.node.chain),
        own_inputs_(request.node.own_inputs()),
        epilogue_(chain_ && op_.name != "fused") {
    for (const ValueId id : request.node.inputs) {
      const bool present = id != no_value;
      inputs_.push_back(present ? Operand{nullptr, request.graph.value(id).type.type, request.graph.value(id).type.shape}
                                : Operand{});
    }
    for (const ValueId id : request.node.outputs)
      outputs_.push_back({nullptr, request.graph.value(id).type.type, request.graph.value(id).type.shape});
    if (epilogue_) {
      // The operator's own result goes to scratch first, in fp32 like the fused block, then through the chain.
      own_output_ = {nullptr, outputs_[0].type == DType::boolean ? DType::fp32 : outputs_[0].type, outputs_[0].shape};
      chain_inputs_.push_back(own_output_);
      chain_inputs_.insert(chain_inputs_.end(), inputs_.begin() + static_cast<std::ptrdiff_t>(own_inputs_), inputs_.end());
    }
    if (chain_) evaluator_.emplace(*chain_, epilogue_ ? chain_inputs_ : inputs_, outputs_);
  }

  std::size_t scratch_bytes() const override {
    return epilogue_ ? bytes_of({own_output_.type, own_output_.shape}) : 0;
  }

  void run(void* const* operands, void* scratch) override {
    for (Operand& input : inputs_) input.data = *operands++;
    for (Operand& output : outputs_) output.data = *operands++;
    if (!epilogue_) {
      if (evaluator_)
        evaluator_->run(inputs_, outputs_);
      else
        op_.reference(KernelContext{inputs_, outputs_, attributes_});
      return;
    }
    own_output_.data = scratch;
    op_.reference(KernelContext{{inputs_.data(), own_inputs_}, {&own_output_, 1}, attributes_});
    chain_inputs_[0].data = scratch;
    for (std::size_t i = 1; i < chain_inputs_.size(); ++i) chain_inputs_[i].data = inputs_[own_inputs_ + i - 1].data;
    evaluator_->run(chain_inputs_, outputs_);
  }

 private:
  Attributes attributes_;
  const OpDef& op_;
  std::shared_ptr<const Chain> chain_;
  std::size_t own_inputs_;
  bool epilogue_;
  std::vector<Operand> inputs_, outputs_, chain_inputs_;
  Operand own_output_;
  std::optional<ChainEvaluator> evaluator_;
};

std::unique_ptr<HostKernel> make_reference(const KernelRequest& request, std::string& reason) {
  if (definition(request.node).reference) return std::make_unique<ReferenceKernel>(request);
  reason = "the operator is a composite and was not expanded";
  return nullptr;
}

}  // namespace

KernelTable kernels() {
  KernelTable table;
  table.name = "reference";
  table.makers["core#matmul"] = {make_double_product, make_reference};
  table.any = make_reference;
  return table;
}

}  // namespace webai::reference
