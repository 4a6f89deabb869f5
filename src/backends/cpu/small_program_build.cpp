// Makes instructions of a program: gives every value its place, opens chains and small products, calls kernels for the
// rest.
#include <algorithm>
#include <map>
#include <utility>

#include "backends/cpu/node_chain.h"
#include "backends/cpu/small_program.h"
#include "backends/host/device.h"
#include "core/op/op_def.h"

namespace webai::cpu {
namespace {

constexpr std::size_t fewest_nodes = 3;           // fewer gain nothing
constexpr std::int64_t most_multiply_adds = 512;  // of a product without tiles

/// Elements of operand 0 by their indices.
void pick(const SmallInstruction& instruction) {
  const auto* const indices = static_cast<const std::uint8_t*>(instruction.detail);
  for (std::size_t i = 0; i < instruction.count; ++i) instruction.value[i] = instruction.operands[0][indices[i]];
}

void call_kernel(const SmallInstruction& instruction) {
  const SmallCall& call = *static_cast<const SmallCall*>(instruction.detail);
  call.kernel->run(call.operands.data(), call.scratch);
}

class Builder {
 public:
  Builder(const Context& context, const HostExecutable& ready, SmallCode& code)
      : ready_(ready), graph_(ready.program().graph), code_(code), places_(graph_.values.size(), nullptr) {
    if (!fits()) return;
    code_.memory = make_host_buffer(context, SmallCode::memory_bytes);
    std::size_t scratch = 0;
    for (const HostExecutable::Entry& entry : ready.entries())
      scratch = std::max(scratch, entry.kernel->scratch_bytes());
    code_.scratch = make_host_buffer(context, scratch);
    place_interface();
    std::size_t entry = 0;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      if (definition(node).view) {
        places_[index(node.outputs[0])] = place(node.inputs[0]);
        continue;
      }
      for (const ValueId output : node.outputs)
        if (!places_[index(output)]) places_[index(output)] = take(bytes_of(output));
      translate(node, *ready.entries()[entry++].kernel);
      if (full_) return;
      lent_ = 0;
    }
    done_ = 2 * calls() <= ready.entries().size();
  }

  /// Everything has found its place, and most nodes are more than the call of a kernel.
  bool done() const { return done_; }

 private:
  static std::size_t index(ValueId id) { return static_cast<std::size_t>(id); }
  std::size_t bytes_of(ValueId id) const {
    const ValueType& type = graph_.value(id).type;
    return static_cast<std::size_t>(type.shape.elements()) * size_of(type.type);
  }
  float* place(ValueId id) const { return static_cast<float*>(places_[index(id)]); }
  std::size_t calls() const { return code_.calls.size(); }

  bool fits() const {
    std::size_t bytes = 0;
    for (std::size_t id = 0; id < graph_.values.size(); ++id) {
      bytes += bytes_of(static_cast<ValueId>(id));
      if (bytes > SmallCode::memory_bytes) return false;
    }
    return ready_.entries().size() >= fewest_nodes;
  }

  /// A place: for good, or until the node's end, which are taken from the memory's two ends. The two never share a byte,
  /// also not one after the other: what lasts may be filled once, before all steps.
  void* take(std::size_t bytes, bool lasting = true) {
    const std::size_t room = (bytes + 63) / 64 * 64 + SmallCode::padding_bytes;
    const std::size_t taken = taken_ + (lasting ? room : 0), lent = lent_ + (lasting ? 0 : room);
    if (taken + std::max(lent, most_lent_) > SmallCode::memory_bytes) {
      full_ = true;  // what is made from here on is thrown away
      return code_.memory->host();
    }
    auto* const memory = static_cast<std::byte*>(code_.memory->host());
    void* const place = lasting ? memory + taken_ : memory + SmallCode::memory_bytes - lent;
    taken_ = taken;
    lent_ = lent;
    most_lent_ = std::max(most_lent_, lent);
    return place;
  }
  float* take_floats(std::size_t count, bool lasting = false) {
    return static_cast<float*>(take(count * sizeof(float), lasting));
  }

  void place_interface() {
    for (std::size_t slot = 0; slot < ready_.slots().size(); ++slot) {
      const Slot& own = ready_.slots()[slot];
      void*& place = places_[index(own.value)];
      if (!place) place = take(own.bytes);
      const SmallCopy copy{slot, own.bytes, place};
      if (own.role == Slot::input) {
        code_.inputs.push_back(copy);
      } else if (own.role == Slot::output) {
        code_.outputs.push_back(copy);
      } else {
        code_.kept.push_back(copy);
        const auto write = std::find_if(graph_.writes.begin(), graph_.writes.end(),
                                        [&](const Write& each) { return each.state == own.value; });
        if (write == graph_.writes.end()) continue;
        places_[index(write->value)] = place;  // the plan allows it: nobody reads the old content later
        code_.written.push_back(copy);
      }
    }
    for (std::size_t id = 0; id < graph_.values.size(); ++id) {
      const Value& value = graph_.values[id];
      if (value.kind != ValueKind::constant) continue;
      places_[id] = take(value.constant.bytes());
      std::copy_n(static_cast<const std::byte*>(value.constant.data()), value.constant.bytes(),
                  static_cast<std::byte*>(places_[id]));
    }
  }

  void translate(const Node& node, HostKernel& kernel) {
    std::unique_ptr<ChainKernel> chain;
    if (node.chain) {
      chain = std::make_unique<ChainKernel>(chain_of(graph_, node));
      if (chain->small().elements == 0) return call(node, kernel);
    }
    if (node.op->name == "fused" && node.op->domain == "internal") {
      run_chain(node, *chain, nullptr, 0);
    } else if (node.op->name == "matmul" && node.op->domain == "core" && is_small_product(node)) {
      float* const result = chain ? take_floats(elements(node.outputs[0])) : place(node.outputs[0]);
      multiply(node, result);
      if (chain) run_chain(node, *chain, result, node.own_inputs() - 1);
    } else if (node.op->name == "copy" && node.op->domain == "core" &&
               graph_.value(node.inputs[0]).type.type == DType::fp32) {
      add(small_functions().move, {place(node.inputs[0])}, place(node.outputs[0]), elements(node.outputs[0]));
    } else {
      return call(node, kernel);
    }
    if (chain) code_.chains.push_back(std::move(chain));
  }

  std::size_t elements(ValueId id) const { return static_cast<std::size_t>(graph_.value(id).type.shape.elements()); }

  void call(const Node& node, HostKernel& kernel) {
    auto made = std::make_unique<SmallCall>(SmallCall{&kernel, {}, code_.scratch->host()});
    for (const std::vector<ValueId>* ids : {&node.inputs, &node.outputs})
      for (const ValueId id : *ids) made->operands.push_back(id == no_value ? nullptr : places_[index(id)]);
    add(call_kernel, {}, nullptr, 0, made.get());
    code_.calls.push_back(std::move(made));
  }

  void add(SmallFunction function, std::initializer_list<const float*> operands, float* value, std::size_t count,
           const void* detail = nullptr, bool first = false) {
    SmallInstruction instruction;
    std::copy(operands.begin(), operands.end(), instruction.operands);
    instruction.value = value;
    instruction.count = count;
    instruction.other = function;
    instruction.detail = detail;
    (first ? code_.first : code_.step).push_back(instruction);
  }

  bool is_small_product(const Node& node) const {
    const Value &a = graph_.value(node.inputs[0]), &b = graph_.value(node.inputs[1]);
    if (a.type.type != DType::fp32 || a.type.shape.rank() != 2 || b.type.shape.rank() != 2) return false;
    const std::int64_t all = a.type.shape.elements(),
                       rows = a.type.shape[node.attributes.boolean("transposeA") ? 1 : 0];
    if (all == 0 || b.type.shape.elements() == 0) return false;
    const bool rearranged = node.attributes.boolean("transposeB") && all != rows;
    if (rearranged && b.type.shape.elements() > static_cast<std::int64_t>(SmallChain::most_elements)) return false;
    return all * b.type.shape.elements() / (all / rows) <= most_multiply_adds;
  }

  void multiply(const Node& node, float* result) {
    const Shape &a = graph_.value(node.inputs[0]).type.shape, &b = graph_.value(node.inputs[1]).type.shape;
    const bool transpose_a = node.attributes.boolean("transposeA"), transpose_b = node.attributes.boolean("transposeB");
    const auto rows = static_cast<std::size_t>(a[transpose_a ? 1 : 0]),
               depth = static_cast<std::size_t>(a[transpose_a ? 0 : 1]);
    const auto columns = static_cast<std::size_t>(b[transpose_b ? 0 : 1]);
    const float *left = place(node.inputs[0]), *right = place(node.inputs[1]);
    if (transpose_b && depth > 1 && columns > 1) {
      auto& indices = *code_.picks.emplace_back(std::make_unique<std::vector<std::uint8_t>>());
      for (std::size_t k = 0; k < depth; ++k)
        for (std::size_t j = 0; j < columns; ++j) indices.push_back(static_cast<std::uint8_t>(j * depth + k));
      float* const rearranged = take_floats(indices.size());
      add(pick, {right}, rearranged, indices.size(), indices.data());
      right = rearranged;
    }
    SmallProduct product{rows, columns, depth, transpose_a ? 1 : depth, transpose_a ? rows : 1};
    if (columns == 1 && (transpose_a || depth == 1)) {
      // A column is as good as a row, which fills vectors: the factors change places.
      product = {1, rows, depth, 0, 1};
      std::swap(left, right);
    }
    code_.products.push_back(std::make_unique<SmallProduct>(product));
    add(small_functions().product, {left, right}, result, rows * columns, code_.products.back().get());
  }

  /// `product`: where the chain's input 0 is, unless that is the node's own first input; the others follow from
  /// node.inputs[first + i].
  void run_chain(const Node& node, const ChainKernel& kernel, float* product, std::size_t first) {
    const SmallChain& chain = kernel.small();
    std::map<std::uint32_t, const float*> at;  // by place of the small form
    for (std::size_t i = 0; i < chain.inputs.size(); ++i) {
      const auto slot = static_cast<std::uint32_t>(i * chain.room);
      at[slot] = i == 0 && product ? product : operand(chain, chain.inputs[i], node.inputs[first + i]);
    }
    std::map<std::uint32_t, float*> result_of;
    for (std::size_t i = 0; i < chain.results.size(); ++i)
      result_of.try_emplace(chain.results[i], place(node.outputs[i]));
    std::vector<std::pair<const float*, float*>> moves;  // results that must not be written before the end
    for (std::size_t s = 0; s < chain.steps.size(); ++s) {
      const SmallChain::Step& step = chain.steps[s];
      SmallInstruction instruction;
      instruction.tile = step.function;
      for (std::size_t i = 0; i < TilePair::most_operands; ++i) instruction.operands[i] = at.at(step.operands[i]);
      instruction.count = chain.elements;
      instruction.attributes = chain.attributes.data() + step.attributes;
      const auto result = result_of.find(step.value);
      if (result != result_of.end() && !read_later(chain, s, at, result->second)) {
        instruction.value = result->second;
      } else {
        instruction.value = take_floats(chain.elements);
      }
      at[step.value] = instruction.value;
      code_.step.push_back(instruction);
    }
    for (std::size_t i = 0; i < chain.results.size(); ++i)
      if (at.at(chain.results[i]) != place(node.outputs[i]))
        moves.emplace_back(at.at(chain.results[i]), place(node.outputs[i]));
    for (const auto& [from, to] : moves) add(small_functions().move, {from}, to, chain.elements);
  }

  /// Whether a step behind `s`, or a result that is an input, still needs what lies there.
  static bool read_later(const SmallChain& chain, std::size_t s, const std::map<std::uint32_t, const float*>& at,
                         const float* there) {
    const auto lies = [&](std::uint32_t slot) {
      const auto found = at.find(slot);
      return found != at.end() && found->second == there;
    };
    for (std::size_t later = s + 1; later < chain.steps.size(); ++later)
      if (std::any_of(std::begin(chain.steps[later].operands), std::end(chain.steps[later].operands), lies))
        return true;
    return std::any_of(chain.results.begin(), chain.results.end(), lies);
  }

  const float* operand(const SmallChain& chain, const SmallChain::Input& input, ValueId id) {
    const bool single = input.access == SmallChain::Access::single;
    if (input.access == SmallChain::Access::whole || (single && chain.elements == 1)) return place(id);
    if (input.access == SmallChain::Access::constant) {
      float* const filled = take_floats(chain.elements, true);
      std::fill_n(filled, chain.room, input.constant);
      return filled;
    }
    if (input.access == SmallChain::Access::picked) {
      float* const picked = take_floats(chain.elements);
      add(pick, {place(id)}, picked, chain.elements, input.picks);
      return picked;
    }
    // One number: what inputs and constants hold is spread once for all steps and all chains.
    const ValueKind kind = graph_.value(id).kind;
    const bool fixed = kind == ValueKind::input || kind == ValueKind::constant;
    if (!fixed) {
      float* const filled = take_floats(chain.elements);
      add(small_functions().spread, {place(id)}, filled, chain.elements);
      return filled;
    }
    float*& filled = spread_[id];
    if (filled) return filled;
    filled = take_floats(SmallChain::most_elements, true);
    add(small_functions().spread, {place(id)}, filled, SmallChain::most_elements, nullptr, true);
    for (std::size_t slot = 0; slot < ready_.slots().size(); ++slot)
      if (ready_.slots()[slot].value == id) code_.first_slots.push_back(slot);
    return filled;
  }

  const HostExecutable& ready_;
  const Graph& graph_;
  SmallCode& code_;
  std::vector<void*> places_;  // by value
  std::map<ValueId, float*> spread_;
  std::size_t taken_ = 0, lent_ = 0, most_lent_ = 0;  // bytes, with their padding; the last one of any node
  bool full_ = false, done_ = false;
};

}  // namespace

bool build_small_code(const Context& context, const HostExecutable& ready, SmallCode& code) {
  return Builder(context, ready, code).done();
}

}  // namespace webai::cpu
