// Numbers out of values: tensors, numbers, and lists of them nested in any way.
#include <optional>

#include "capi/guard.h"
#include "capi/network.h"
#include "capi/tensor.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

struct Collector {
  DType type;
  void* into;
  std::size_t room, count = 0;
  std::string_view what;

  void add(double number) {
    if (count < room) store_double(type, into, count, number);
    ++count;
  }

  void add(webai_value* value) {
    switch (kind_of(value)) {
      case WEBAI_NUMBER:
        return add(static_cast<Number*>(value)->value);
      case WEBAI_BOOL:
        return add(static_cast<Boolean*>(value)->value ? 1.0 : 0.0);
      case WEBAI_TENSOR: {
        const Tensor& tensor = static_cast<TensorValue*>(value)->tensor();
        if (count <= room && tensor.elements() <= room - count)
          convert(tensor.type(), tensor.data(), type, static_cast<std::byte*>(into) + count * size_of(type),
                  tensor.elements());
        count += tensor.elements();
        return;
      }
      case WEBAI_LIST: {
        auto& list = *static_cast<List*>(value);
        if (const std::vector<double>* const numbers = list.numbers()) {
          for (const double number : *numbers) add(number);
        } else {
          for (std::size_t i = 0; i < list.size(); ++i) add(list.at(i));
        }
        return;
      }
      default:
        wrong_kind(what, "numbers", value);
    }
  }
};

// Dimensions of a list whose items are all alike; false for any other.
bool append_shape(webai_value* value, Shape& shape, std::uint32_t most) {
  if (kind_of(value) == WEBAI_NUMBER || kind_of(value) == WEBAI_BOOL) return true;
  if (kind_of(value) == WEBAI_TENSOR) {
    const Shape& own = static_cast<TensorValue*>(value)->tensor().shape();
    if (shape.rank() + own.rank() > most) return false;
    for (const Dimension dim : own.dims()) shape.append(dim);
    return true;
  }
  if (kind_of(value) != WEBAI_LIST || shape.rank() == most) return false;
  auto& list = *static_cast<List*>(value);
  shape.append(Dimension(static_cast<std::int64_t>(list.size())));
  if (list.numbers()) return true;
  std::optional<Shape> items;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Shape item;
    if (!append_shape(list.at(i), item, most - static_cast<std::uint32_t>(shape.rank()))) return false;
    if (items && !(*items == item)) return false;
    items = item;
  }
  if (items)
    for (const Dimension dim : items->dims()) shape.append(dim);
  return true;
}

}  // namespace

std::size_t collect_numbers(webai_value* value, DType type, void* into, std::size_t room, std::string_view what) {
  Collector collector{.type = type, .into = into, .room = room, .what = what};
  collector.add(value);
  return collector.count;
}

DType list_type(const NeuralNetwork& network) {
  const DType type = network.number_type();
  return size_of(type) < 4 ? DType::fp32 : type;
}

bool is_regular(webai_value* value) {
  Shape shape;
  return append_shape(value, shape, static_cast<std::uint32_t>(Shape::max_rank));
}

Tensor tensor_from_value(const Context& context, DType type, webai_value* value, std::string_view what) {
  if (kind_of(value) == WEBAI_TENSOR) {
    const Tensor& tensor = static_cast<TensorValue*>(value)->tensor();
    return tensor.type() == type ? tensor : tensor.converted(context, type);
  }
  const std::size_t count = collect_numbers(value, type, nullptr, 0, what);
  Shape shape;
  if (!append_shape(value, shape, static_cast<std::uint32_t>(Shape::max_rank)) ||
      shape.elements() != static_cast<std::int64_t>(count))
    shape = Shape{Dimension(static_cast<std::int64_t>(count))};
  Tensor tensor = Tensor::uninitialised(context, type, shape);
  collect_numbers(value, type, tensor.data(), count, what);
  return tensor;
}

}  // namespace webai::capi
