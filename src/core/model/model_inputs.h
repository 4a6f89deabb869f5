// The inputs of a model: of its input layers, and of the nets and iterators on its first layer. Private to core/model.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/model/build.h"
#include "core/op/builder.h"

namespace webai {

class ModelInputs {
 public:
  /// With `normalize` what the model's `io` says stands behind each input, and inputs of integer models are rounded.
  ModelInputs(Builder& builder, const Model& model, BuiltModel& built, bool normalize)
      : builder_(builder), model_(model), built_(built), normalize_(normalize) {}

  /// The next input, as `layer` takes it: of that size, without batch. Its open dimensions stand in built.open already.
  Ref declare(const std::string& name, const std::string& label, const Shape& size, const Layer& layer);

  /// Inputs of an integer model: as they are, rounded to codes.
  const std::vector<std::pair<ValueId, ValueId>>& rounded() const { return rounded_; }

 private:
  Ref normalized(const IoRules& rules, const std::string& name, Ref input, const Shape& size);

  Builder& builder_;
  const Model& model_;
  BuiltModel& built_;
  bool normalize_;
  std::vector<std::pair<ValueId, ValueId>> rounded_;
};

}  // namespace webai
