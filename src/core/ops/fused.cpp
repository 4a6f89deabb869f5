// `internal#fused`: the chain of elementwise operators that the fuse pass makes. Nobody else emits it.
#include "core/op/cost.h"
#include "core/op/registry.h"
#include "core/ops/families.h"

namespace webai {

void add_fused(Registry& registry) {
  OpDef op;
  op.name = "fused";
  op.domain = "internal";
  op.doc = "Several elementwise operators run tile by tile as one.";
  op.formula = "the chain printed beside the node";
  op.inputs = {{"inputs", "the chain's operands, broadcast to the shape of the results", InputSpec::variadic}};
  op.shape = [](ShapeContext& context) {
    // The pass that makes the node knows its results; emitted by hand it is the identity of its first input.
    context.output(context.type(0), context.shape(0));
  };
  op.reference = [](const KernelContext& context) {
    // Without a chain; those that run chains have a ChainEvaluator.
    for (std::int64_t i = 0; i < context.outputs[0].shape.elements(); ++i)
      context.outputs[0].store(i, context.inputs[0].load(i));
  };
  op.operations = no_operations;  // all of it is the chain's
  op.not_differentiable = "it is made by the compiler, after differentiation";
  op.samples = {{{Shape{2, 3}}}};
  registry.add(std::move(op));
}

}  // namespace webai
