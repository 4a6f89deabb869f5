// What stands in front of random models that do not begin with a row of numbers: layers over images and sequences,
// whose lengths may be open (null), and one that makes a row of what they give.
#pragma once

#include <string>
#include <vector>

#include "support/random_operators.h"
#include "webai/shape.hpp"

namespace webai::test {

class RandomFronts : public RandomOperators {
 public:
  /// Of a sample, where the model leaves it open; else of rank 0.
  const Shape& sample_shape() const { return sample_; }

 protected:
  using RandomOperators::RandomOperators;

  // Answers how many layers there are.
  int plan_front() {
    if (!chance(2)) return 0;
    images_ = !chance(4);
    length_ = between(4, 9), columns_ = between(4, 9), channels_ = between(1, 4);
    open_ = chance(3);
    if (open_) sample_ = images_ ? Shape{length_, columns_, channels_} : Shape{length_, channels_};
    return between(1, images_ ? 4 : 2);
  }

  Json front_input(const Place& place) {
    std::vector<Json> dims = {open_ ? Json() : Json::integer(length_)};
    if (images_) dims.push_back(open_ && chance(2) ? Json() : Json::integer(columns_));
    dims.push_back(Json::integer(channels_));
    Json size = Json::array(std::move(dims));
    if (place.name.empty() && chance(2)) return size;
    Members members = {{"size", std::move(size)}};
    add_name(members, place);
    if (open_ && chance(3))
      members.emplace_back("shapeHints",
                           Json::object({{"dim_0", Json::object({{"max", Json::integer(between(9, 12))}})}}));
    return Json::object(std::move(members));
  }

  Json front_layer(const Place& place) {
    Members members;
    add_name(members, place);
    images_ ? image_operator(members) : step_operator(members);
    return Json::object(std::move(members));
  }

  int fold(Members& members) {
    if (!images_) return sequence(members);
    members.emplace_back("type", Json::text(open_ ? pick({"globalAveragePool2d", "globalMaxPool2d"}) : "flatten"));
    return open_ ? channels_ : length_ * columns_ * channels_;
  }

 private:
  void image_operator(Members& members) {
    const int kind = below(5);
    if (kind == 0)
      normalise(members, channels_);
    else if (kind == 1 && length_ > 3 && columns_ > 3)
      pool(members);
    else if (kind == 2)
      depthwise(members);
    else
      filters(members);
  }

  void step_operator(Members& members) {
    switch (below(4)) {
      case 0:
        channels_ = sequence(members);
        members.emplace_back("returnSequence", Json::boolean(true));
        return;
      case 1:
        normalise(members, channels_);
        return;
      case 2:
        own_operations_ = true;
        members.emplace_back("type", Json::text("twice"));
        return;
      default:
        activated(members, channels_);
    }
  }

  Json counts(int low, int high, int& rows, int& columns) {
    rows = between(low, high);
    columns = chance(2) ? rows : between(low, high);
    return rows == columns && chance(2) ? Json::integer(rows) : Json::numbers({1.0 * rows, 1.0 * columns});
  }

  void pool(Members& members) {
    int rows = 0, columns = 0;
    members.emplace_back("type", Json::text(pick({"maxPool2d", "averagePool2d"})));
    members.emplace_back("poolSize", counts(2, 3, rows, columns));
    const bool same = chance(2);
    if (same) members.emplace_back("padding", Json::text("same"));
    length_ = same ? (length_ + rows - 1) / rows : (length_ - rows) / rows + 1;
    columns_ = same ? (columns_ + columns - 1) / columns : (columns_ - columns) / columns + 1;
  }

  void depthwise(Members& members) {
    const int multiplier = between(1, 2);
    members.emplace_back("type", Json::text("depthwiseConv2d"));
    if (multiplier > 1 || chance(2)) members.emplace_back("depthMultiplier", Json::integer(multiplier));
    channels_ *= multiplier;
    members.emplace_back("padding", Json::text("same"));
    window(members);
  }

  void filters(Members& members) {
    const int groups = channels_ % 2 == 0 && chance(3) ? 2 : 1, count = groups * between(1, 3);
    members.emplace_back("type", Json::text("conv2d"));
    members.emplace_back("filters", Json::integer(count));
    if (groups > 1 || chance(4)) members.emplace_back("groups", Json::integer(groups));
    if (chance(4)) members.emplace_back("dilationRate", Json::integer(between(1, 2)));
    channels_ = count;
    members.emplace_back("padding", Json::text("same"));
    if (chance(3)) members.emplace_back("bias", chance(3) ? Json() : chance(2) ? Json::boolean(false) : row(count));
    window(members);
  }

  void window(Members& members) {
    int rows = 0, columns = 0;
    members.emplace_back("kernelSize", counts(1, 3, rows, columns));
    if (chance(3)) {
      members.emplace_back("strides", counts(1, 2, rows, columns));
      length_ = (length_ + rows - 1) / rows;
      columns_ = (columns_ + columns - 1) / columns;
    }
    if (chance(3)) members.emplace_back("activation", Json::text(pick({"relu", "tanh", "silu"})));
  }

  bool images_ = false, open_ = false;
  int length_ = 0, columns_ = 0, channels_ = 0;  // of what flows: rows of an image, steps of a sequence
  Shape sample_;
};

}  // namespace webai::test
