// What leaves a loop, and in which form. Private to src/compiler.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ir/graph.h"
#include "core/op/builder.h"
#include "core/op/loop.h"
#include "core/op/rows.h"

namespace webai {

class LiftPlan {
 protected:
  LiftPlan(GraphBuilder& builder, const Node& node);

  /// False: the loop is best as it is.
  bool find();

  enum class Kind : std::uint8_t { same, rows, carried };  // of what a value depends on, besides those before it
  struct About {
    Kind kind = Kind::same;
    bool is_constant = false, is_stacked = false;
    bool inside = false;  ///< read by what stays in the loop
    bool all = false;     ///< needed outside, for all steps
    bool sum = false;     ///< needed outside, summed over the steps
    Ref all_ref, sum_ref;
  };
  struct AboutNode {
    bool is_fixed = false;    ///< every step has to do it
    bool is_movable = false;  ///< its rows rule holds here
    bool stays = false;       ///< in the loop
    bool sums_by_rule = false;
    bool is_sum = false;  ///< adds to a sum that is carried for nothing else
  };
  /// What a rule asked for, by input.
  struct Asked {
    std::vector<bool> all, summed;
  };

  About& about(ValueId id) { return values_[static_cast<std::size_t>(id)]; }
  const ValueType& type(ValueId id) const { return body_.value(id).type; }
  bool is_sum(std::size_t output) const { return output < loop_.carried && sums_[output].has_value(); }
  RowsContext context_of(const Node& node, Builder& builder, const std::vector<ValueType>& inputs,
                         const std::vector<ValueType>& outputs, const std::vector<bool>& has_rows) const;
  void describe(const Node& node, std::vector<ValueType>& inputs, std::vector<ValueType>& outputs,
                std::vector<bool>& has_rows);

  GraphBuilder& builder_;
  const Node& node_;
  LoopView loop_;
  const Graph& body_;
  std::vector<About> values_;
  std::vector<AboutNode> nodes_;
  std::vector<std::optional<ValueId>> sums_;  // by carried output: what each step adds

 private:
  void find_kinds();
  void find_sums();
  void find_needs();
  void need_all(ValueId id) { about(id).all = true; }
  void need_sum(ValueId id);
  void need_inside(ValueId id);
  bool is_worth_it() const;
  std::optional<Asked> rehearse(const Node& node, bool sum);
};

}  // namespace webai
