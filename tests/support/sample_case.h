// An operator's sample as a graph of one node, and tensors for its inputs.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/op/builder.h"
#include "support/sample_run.h"

namespace webai::test {

struct SampleCase {
  Graph graph;
  std::map<std::string, Tensor> values;
};

inline SampleCase case_of(const OpDef& op, const Sample& sample, DType floating) {
  SampleCase result;
  GraphBuilder builder(context(), registry(), result.graph);
  const std::vector<Tensor> inputs = sample_inputs(sample, floating);
  std::vector<Ref> refs;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = "in" + std::to_string(i);
    refs.push_back({result.graph.add_input(name, {inputs[i].type(), inputs[i].shape()})});
    result.values.emplace(name, inputs[i]);
  }
  const std::vector<Ref> outputs = builder.emit_all(op, refs, sample_attributes(sample, floating));
  for (std::size_t i = 0; i < outputs.size(); ++i)
    result.graph.outputs.push_back({"out" + std::to_string(i), outputs[i].id});
  return result;
}

}  // namespace webai::test
