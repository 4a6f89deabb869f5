// Which values are written down at all, and where in the one work array they live.
#include <algorithm>
#include <map>

#include "interchange/writer.h"

namespace webai {
namespace {

constexpr int most_joined = 8;  // operators in one expression

std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

/// Free and taken parts of the work array, in the order of their offsets.
class Space {
 public:
  std::int64_t take(std::int64_t count) {
    std::int64_t begin = 0;
    for (const auto& [offset, length] : taken_) {
      if (offset - begin >= count) break;
      begin = offset + length;
    }
    taken_[begin] = count;
    length_ = std::max(length_, begin + count);
    return begin;
  }
  void release(std::int64_t offset) { taken_.erase(offset); }
  std::int64_t length() const { return length_; }

 private:
  std::map<std::int64_t, std::int64_t> taken_;
  std::int64_t length_ = 0;
};

}  // namespace

ValueId LoopWriter::root(ValueId id) const { return roots_[at(id)]; }

void LoopWriter::collect_leaves(const Node& node, std::vector<ValueId>& leaves) const {
  for (const ValueId input : node.inputs)
    if (inline_[at(input)])
      collect_leaves(graph_.node(graph_.value(input).producer), leaves);
    else if (std::ranges::find(leaves, input) == leaves.end())
      leaves.push_back(input);
}

void LoopWriter::plan() {
  const std::size_t values = graph_.values.size(), forever = graph_.nodes.size();
  inline_.resize(values);
  roots_.resize(values);
  offsets_.assign(values, -1);
  names_of_values_.resize(values);
  std::vector<int> uses(values), joined(values);
  std::vector<const Node*> user(values);
  for (std::size_t id = 0; id < values; ++id) roots_[id] = static_cast<ValueId>(id);
  for (const Node& node : graph_.nodes) {
    if (definition(node).view) roots_[at(node.outputs[0])] = root(node.inputs[0]);
    for (const ValueId input : node.inputs) {
      if (input == no_value) continue;
      ++uses[at(input)];
      user[at(input)] = &node;
    }
  }
  const ValueId out = graph_.outputs[0].value;
  ++uses[at(out)];
  for (const Write& write : graph_.writes) ++uses[at(write.value)];
  // An elementwise result that one elementwise node of the same shape reads is part of that node's expression.
  for (const Node& node : graph_.nodes) {
    const ValueId id = node.outputs[0];
    if (!definition(node).elementwise) continue;
    int count = 1;
    for (const ValueId input : node.inputs)
      if (inline_[at(input)]) count += joined[at(input)];
    joined[at(id)] = count;
    const Node* reader = uses[at(id)] == 1 ? user[at(id)] : nullptr;
    inline_[at(id)] =
        reader && count < most_joined && definition(*reader).elementwise && shape(reader->outputs[0]) == shape(id);
  }

  std::vector<std::size_t> last(values);
  const auto reads_of = [&](const Node& node) {
    std::vector<ValueId> reads;
    if (definition(node).elementwise)
      collect_leaves(node, reads);
    else
      for (const ValueId input : node.inputs)
        if (input != no_value) reads.push_back(input);
    return reads;
  };
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n)
    if (!inline_[at(graph_.nodes[n].outputs[0])])
      for (const ValueId read : reads_of(graph_.nodes[n])) last[at(root(read))] = n;
  last[at(root(out))] = forever;
  for (const Write& write : graph_.writes) last[at(root(write.value))] = forever;

  names_of_values_[at(graph_.inputs[0])] = "input";
  Space space;
  int number = 0;
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    const ValueId id = node.outputs[0];
    if (inline_[at(id)] || definition(node).view) continue;
    const std::vector<ValueId> reads = reads_of(node);
    std::vector<ValueId> ended;  // roots whose memory is free behind this node
    for (const ValueId read : reads)
      if (offsets_[at(root(read))] >= 0 && last[at(root(read))] == n &&
          std::ranges::find(ended, root(read)) == ended.end())
        ended.push_back(root(read));
    if (id == root(out)) {
      names_of_values_[at(id)] = "output";
    } else {
      names_of_values_[at(id)] = "v" + std::to_string(++number);
      ValueId reused = no_value;
      if (definition(node).elementwise)
        for (const ValueId old : ended) {
          const bool in_step =
              std::ranges::all_of(reads, [&](ValueId read) { return root(read) != old || shape(read) == shape(id); });
          if (in_step && shape(old).elements() == shape(id).elements()) reused = old;
        }
      if (reused != no_value) {
        offsets_[at(id)] = offsets_[at(reused)];
        std::erase(ended, reused);
      } else {
        offsets_[at(id)] = space.take(shape(id).elements());
      }
    }
    for (const ValueId old : ended) space.release(offsets_[at(old)]);
    if (id != root(out) && last[at(id)] <= n) space.release(offsets_[at(id)]);  // nobody reads it
  }
  work_ = space.length();
}

}  // namespace webai
