// Which values are written down at all, and where in the one work array they live.
#include <algorithm>
#include <map>

#include "interchange/writer.h"

namespace webai {
namespace {

constexpr int most_joined = 8;  // operators in one expression

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

const OpenLoop* LoopWriter::loop_around(std::size_t node) const {
  const OpenLoop* found = nullptr;
  for (const OpenLoop& loop : open_.loops)
    if (loop.begin < node && node < loop.end) found = &loop;
  return found;
}

void LoopWriter::plan() {
  const std::size_t values = graph_.values.size();
  inline_.resize(values);
  roots_.resize(values);
  offsets_.assign(values, -1);
  names_of_values_.resize(values);
  std::vector<int> uses(values), joined(values);
  constexpr std::size_t nobody = ~std::size_t{0};
  std::vector<std::size_t> user(values, nobody);
  for (std::size_t id = 0; id < values; ++id) roots_[id] = static_cast<ValueId>(id);
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    if (definition(node).view) roots_[at(node.outputs[0])] = root(node.inputs[0]);
    if (const OpenLoop* loop = definition(node).loop ? open_.at(n) : nullptr; loop && n == loop->end)
      for (std::size_t i = 0; i < loop->carried; ++i) roots_[at(node.outputs[i])] = graph_.nodes[loop->begin].outputs[i];
    for (const ValueId input : node.inputs) {
      if (input == no_value) continue;
      ++uses[at(input)];
      user[at(input)] = n;
    }
  }
  ++uses[at(graph_.outputs[0].value)];
  for (const Write& write : graph_.writes) ++uses[at(write.value)];
  // An elementwise result that one elementwise node of the same shape reads is part of that node's expression, where no
  // loop lies between them.
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    if (!definition(node).elementwise) continue;
    const ValueId id = node.outputs[0];
    int count = 1;
    for (const ValueId input : node.inputs)
      if (inline_[at(input)]) count += joined[at(input)];
    joined[at(id)] = count;
    const Node* reader = uses[at(id)] == 1 && user[at(id)] != nobody ? &graph_.nodes[user[at(id)]] : nullptr;
    inline_[at(id)] = reader && count < most_joined && definition(*reader).elementwise && shape(reader->outputs[0]) == shape(id) &&
                      loop_around(n) == loop_around(user[at(id)]);
  }
  plan_memory();
}

std::vector<ValueId> LoopWriter::reads_of(const Node& node) const {
  std::vector<ValueId> reads;
  if (definition(node).elementwise)
    collect_leaves(node, reads);
  else
    for (const ValueId input : node.inputs)
      if (input != no_value) reads.push_back(input);
  // A row lies in what it is a row of.
  for (ValueId& read : reads)
    for (auto row = rows_.find(root(read)); row != rows_.end(); row = rows_.find(root(read))) read = row->second.stacked;
  return reads;
}

void LoopWriter::plan_lifetimes() {
  const ValueId out = graph_.outputs[0].value;
  std::vector<std::size_t> made(graph_.values.size());  // by id: the place of the node
  last_.assign(graph_.values.size(), 0);
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    for (const ValueId output : node.outputs) made[at(output)] = n;
    const OpenLoop* const loop = definition(node).loop ? open_.at(n) : nullptr;
    if (loop && n == loop->begin) {
      for (std::size_t i = 0; i < loop->carried; ++i) last_[at(node.outputs[i])] = loop->end;
      for (std::size_t i = 0; i < loop->stacked; ++i) rows_[node.outputs[loop->carried + i]] = {node.inputs[loop->carried + i], {}};
      if (loop->index) indices_[node.outputs.back()] = {};
      const Node& end = graph_.nodes[loop->end];
      for (std::size_t i = loop->carried; i < end.outputs.size(); ++i) last_[at(end.outputs[i])] = loop->end;
    }
    if (node.outputs.size() == 1 && inline_[at(node.outputs[0])]) continue;
    for (const ValueId read : reads_of(node)) {
      // What a loop reads of what stands around it is read in every step.
      std::size_t end = n;
      for (const OpenLoop& around : open_.loops)
        if (around.begin < n && n <= around.end && made[at(root(read))] <= around.begin) end = std::max(end, around.end);
      last_[at(root(read))] = std::max(last_[at(root(read))], end);
    }
  }
  last_[at(root(out))] = graph_.nodes.size();
  for (const Write& write : graph_.writes) last_[at(root(write.value))] = graph_.nodes.size();
}

void LoopWriter::plan_memory() {
  plan_lifetimes();
  const ValueId out = graph_.outputs[0].value;
  names_of_values_[at(graph_.inputs[0])] = "input";
  Space space;
  int number = 0;
  std::vector<ValueId> live;  // roots that have memory
  const auto give = [&](ValueId id) {
    if (id == root(out)) {
      names_of_values_[at(id)] = "output";
      return;
    }
    names_of_values_[at(id)] = unique("v" + std::to_string(++number));
    offsets_[at(id)] = space.take(planned_shape(id).elements());
    live.push_back(id);
  };
  for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    if (const OpenLoop* const loop = definition(node).loop ? open_.at(n) : nullptr) {
      const Node &begin = graph_.nodes[loop->begin], &end = graph_.nodes[loop->end];
      if (n == loop->begin) {
        for (std::size_t i = 0; i < loop->carried; ++i) give(begin.outputs[i]);
        for (std::size_t i = loop->carried; i < end.outputs.size(); ++i) give(end.outputs[i]);
      } else {
        // Where one carried value becomes another one, it waits until all are known.
        std::vector<std::int64_t> taken;
        for (std::size_t i = 0; i < loop->carried; ++i) {
          const ValueId from = root(end.inputs[i]);
          const auto carried = std::span(begin.outputs).first(loop->carried);
          if (from == begin.outputs[i] || std::ranges::find(carried, from) == carried.end()) continue;
          const std::string name = unique("v" + std::to_string(++number));
          const std::int64_t count = planned_shape(begin.outputs[i]).elements(), first = space.take(count);
          next_[begin.outputs[i]] = name;
          waiting_.push_back({name, {first, count}});
          taken.push_back(first);
        }
        for (const std::int64_t first : taken) space.release(first);
      }
    } else if (const ValueId id = node.outputs[0]; !inline_[at(id)] && !definition(node).view) {
      ValueId reused = no_value;
      const std::vector<ValueId> reads = reads_of(node);
      if (definition(node).elementwise && id != root(out))
        for (const ValueId read : reads) {
          const ValueId old = root(read);
          if (offsets_[at(old)] < 0 || last_[at(old)] != n || planned_shape(old).elements() != planned_shape(id).elements()) continue;
          const bool in_step = std::ranges::all_of(node_leaves(node), [&](ValueId leaf) {
            return (root(leaf) != old || planned_shape(leaf) == planned_shape(id)) && !is_row_of(leaf, old);
          });
          if (in_step) reused = old;
        }
      if (reused != no_value) {
        names_of_values_[at(id)] = unique("v" + std::to_string(++number));
        offsets_[at(id)] = offsets_[at(reused)];
        std::erase(live, reused);
        live.push_back(id);
      } else {
        give(id);
      }
    }
    std::erase_if(live, [&](ValueId id) {
      if (last_[at(id)] > n) return false;
      space.release(offsets_[at(id)]);
      return true;
    });
  }
  work_ = space.length();
}

std::vector<ValueId> LoopWriter::node_leaves(const Node& node) const {
  std::vector<ValueId> leaves;
  collect_leaves(node, leaves);
  return leaves;
}

bool LoopWriter::is_row_of(ValueId id, ValueId stacked) const {
  for (auto row = rows_.find(root(id)); row != rows_.end(); row = rows_.find(root(id))) {
    id = row->second.stacked;
    if (root(id) == stacked) return true;
  }
  return false;
}

}  // namespace webai
