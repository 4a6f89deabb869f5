// Training data out of values: lists in the three layouts, tensors, prepared records, datasets.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "capi/dataset.h"
#include "capi/network.h"
#include "capi/value.h"
#include "webai/dataset.hpp"

namespace webai::capi {

enum class Layout {
  pairs,   ///< [[input, output], ...]
  flat,    ///< [input, output, input, output, ...]
  objects  ///< [{"input": ..., "output": ...}, ...]
};
/// Throws INVALID_ARGUMENT for another name.
Layout layout_from_name(const std::string& name);

/// In place of the place of a sample: it is what a function of `map` gave, which knows of no place.
inline constexpr std::size_t from_map = ~std::size_t{0};
/// "item 3" and its pointer "/3", as errors call them.
std::string item_title(std::size_t item);
std::string item_path(std::size_t item);

/// One sample of a list, borrowed from it.
struct Sample {
  std::size_t item;  ///< its place in the list, or `from_map`
  webai_value* input;
  webai_value* output;
  bool ignored;  ///< its output is the instruction "ignore"
  bool reset;    ///< a map says "reset": true: a new sequence begins with it
};
/// Calls `take` for each sample, and `reset` for each {"$instruction": "reset"}.
void each_sample(List& list, Layout layout, const std::function<void(const Sample&)>& take,
                 const std::function<void()>& reset = {});
/// The sample in a value by itself: [input, output] or {"input": ..., "output": ...}.
Sample sample_from_value(webai_value* value);
[[noreturn]] void wrong_item(std::size_t item, const char* expected, const webai_value* actual);

/// Whether only a network can read the samples: inputs are texts or named, or outputs are named.
bool any_needs_network(List& list, Layout layout);
/// Whether an output is a word: "cat" or ["cat"].
bool any_names_labels(List& list, Layout layout);
/// The samples as they are said, for a network to read.
Dataset unread_list(List& list, Layout layout);

/// The samples as a dataset for this network. A list may hold {"$instruction": "reset"} and "ignore", which a network
/// with a memory takes as marks; to others a reset means nothing and an ignored sample is none.
DatasetValue* dataset_of(webai_value* data) noexcept;  ///< null when it is none
Dataset data_from_value(const webai_context& context, const NeuralNetwork& network, webai_value* data, Layout layout);

/// {"text": "...", "sequences": 8}: a text to be gone on with, token by token; nothing for any other map.
std::optional<Dataset> text_data(webai_value* map);

/// The samples of a list as records in one tensor: 0 (reset), 1 and an input, or 3, an input and an output.
Tensor records_from_list(const webai_context& context, const NeuralNetwork& network, List& list, Layout layout);

/// The same of a dataset, as a stream of tensors that hold so many samples each.
Value stream_of_records(webai_context& context, DatasetValue& dataset, NetworkValue& net, std::size_t samples);

/// A sample as {"input": tensor, "output": tensor}; "reset": true stands there too where a sequence begins, and the
/// instruction "ignore" instead of an output that is ignored.
Value value_of_item(webai_context& context, const Item& item);

}  // namespace webai::capi
