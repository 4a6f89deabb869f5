#include "backends/cpu/node_chain.h"

#include <algorithm>

#include "backends/cpu/cpu.h"

namespace webai::cpu {
namespace {

ChainOperand operand_of(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  ChainOperand operand;
  operand.type = value.type;
  if (value.kind == ValueKind::constant) operand.constant = value.constant.data();
  return operand;
}

std::vector<ChainOperand> operands_of(const Graph& graph, std::span<const ValueId> ids) {
  std::vector<ChainOperand> operands;
  for (const ValueId id : ids) operands.push_back(operand_of(graph, id));
  return operands;
}

// Inputs of the chain behind a product: the product's result, then the node's last inputs.
std::vector<ChainOperand> epilogue_inputs(const Graph& graph, const Node& node) {
  std::vector<ChainOperand> inputs = {ChainOperand{{DType::fp32, graph.value(node.outputs[0]).type.shape}, nullptr}};
  const auto rest = operands_of(graph, std::span(node.inputs).subspan(node.own_inputs()));
  inputs.insert(inputs.end(), rest.begin(), rest.end());
  return inputs;
}

class Fused final : public HostKernel {
 public:
  explicit Fused(const KernelRequest& request)
      : inputs_(request.node.inputs.size()),
        executor_(request.context.executor()),
        chain_(*request.node.chain, operands_of(request.graph, request.node.inputs),
               operands_of(request.graph, request.node.outputs)),
        nanoseconds_(static_cast<double>(chain_.elements()) * static_cast<double>(request.node.chain->steps.size()) * 0.3) {}

  double nanoseconds() const noexcept override { return nanoseconds_; }
  void run(void* const* operands, void*) override {
    chain_.run(operands, operands + inputs_, helpers(executor_, nanoseconds_));
  }

 private:
  std::size_t inputs_;
  Executor& executor_;
  ChainKernel chain_;
  double nanoseconds_;
};

}  // namespace

ChainKernel chain_of(const Graph& graph, const Node& node) {
  const bool alone = node.op->name == "fused";
  return {*node.chain, alone ? operands_of(graph, node.inputs) : epilogue_inputs(graph, node),
          operands_of(graph, node.outputs)};
}

Executor* helpers(Executor& executor, double nanoseconds) noexcept {
  return nanoseconds > (executor.ready() ? 10e3 : 100e3) ? &executor : nullptr;
}

std::unique_ptr<HostKernel> make_chain(const KernelRequest& request, std::string& reason) {
  if (!request.node.chain) {
    reason = "there is no chain on the node";
    return nullptr;
  }
  const auto refusal = ChainKernel::refuses(*request.node.chain, operands_of(request.graph, request.node.inputs),
                                            operands_of(request.graph, request.node.outputs));
  if (!refusal) return std::make_unique<Fused>(request);
  reason = *refusal;
  return nullptr;
}

std::optional<std::string> NodeEpilogue::refuses(const KernelRequest& request) {
  if (!request.node.chain) return std::nullopt;
  const std::vector<ChainOperand> inputs = epilogue_inputs(request.graph, request.node);
  const std::vector<ChainOperand> results = operands_of(request.graph, request.node.outputs);
  if (auto refusal = ChainKernel::refuses(*request.node.chain, inputs, results)) return refusal;
  if (!ChainKernel(*request.node.chain, inputs, results).is_epilogue()) return "its operands do not follow the blocks";
  return std::nullopt;
}

NodeEpilogue::NodeEpilogue(const KernelRequest& request) : first_output_(request.node.inputs.size()) {
  const Node& node = request.node;
  if (!node.chain) return;
  present_ = true;
  own_inputs_ = node.own_inputs();
  chain_ = ChainKernel(*node.chain, epilogue_inputs(request.graph, request.node), operands_of(request.graph, node.outputs));
  inputs_.resize(static_cast<std::size_t>(node.chain->inputs));
  results_.resize(node.outputs.size());
  for (std::size_t i = 0; i < node.outputs.size(); ++i) holds_product_.push_back(request.output(i).type == DType::fp32);
  spare_bytes_ = static_cast<std::size_t>(request.output().shape.elements()) * sizeof(float);
}

float* NodeEpilogue::bind(void* const* operands, void* spare) noexcept {
  if (!present_) return static_cast<float*>(operands[first_output_]);
  for (std::size_t i = 1; i < inputs_.size(); ++i) inputs_[i] = operands[own_inputs_ + i - 1];
  for (std::size_t i = 0; i < results_.size(); ++i) results_[i] = operands[first_output_ + i];
  inputs_[0] = nullptr;
  for (std::size_t i = 0; i < results_.size(); ++i)
    if (holds_product_[i] && std::find(inputs_.begin(), inputs_.end(), results_[i]) == inputs_.end()) {
      inputs_[0] = results_[i];
      return static_cast<float*>(results_[i]);
    }
  return static_cast<float*>(spare);
}

Epilogue NodeEpilogue::epilogue(std::size_t first_row) noexcept {
  if (!present_) return {};
  first_row_ = first_row;
  return {on_block, this};
}

void NodeEpilogue::on_block(void* data, std::size_t row, std::size_t column, std::size_t rows, std::size_t columns,
                            float* c, std::size_t ldc) {
  const NodeEpilogue& self = *static_cast<const NodeEpilogue*>(data);
  self.chain_.run_block(self.inputs_.data(), self.results_.data(), self.first_row_ + row, column, rows, columns, c, ldc);
}

void NodeEpilogue::run_whole(const float* product, Executor* executor) noexcept {
  if (!present_) return;
  inputs_[0] = product;
  chain_.run(inputs_.data(), results_.data(), executor);
}

}  // namespace webai::cpu
