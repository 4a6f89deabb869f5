// Entry points: making values and reading them.
#include <cstring>

#include "capi/error.h"
#include "capi/guard.h"
#include "capi/json.h"
#include "capi/tensor.h"
#include "capi/value.h"
#include "webai/json.hpp"

using namespace webai::capi;

extern "C" {

webai_value* webai_retain(webai_value* value) {
  retain(value);
  return value;
}

void webai_release(webai_value* value) { release(value); }

webai_status webai_value_from_json(webai_context* ctx, const char* text, size_t size, webai_value* const* leaves,
                                   size_t count, webai_value** out, webai_error** err) {
  return produced(ctx, out, err, [&] {
    webai_context& context = required(ctx, "ctx");
    required(text, "text");
    if (count) required(leaves, "leaves");
    for (std::size_t i = 0; i < count; ++i) check_context(context, leaves[i]);
    const std::string_view view(text, size == WEBAI_NUL_TERMINATED ? std::strlen(text) : size);
    return value_from_json(context, webai::read_json(view, context.core().limits()), {leaves, count});
  });
}

webai_status webai_value_to_json(webai_value* value, webai_value* opts, webai_value** out, webai_error** err) {
  webai_context* const context = value ? value->context : context_of(opts);
  return produced(context, out, err, [&]() -> Value {
    const std::string text = webai::write_json(json_from_value(value, tensor_form(opts)), is_pretty(opts));
    return context ? make_text(*context, text) : make_free_text(text);
  });
}

webai_status webai_value_number(webai_context* ctx, double number, webai_value** out) {
  return produced(ctx, out, nullptr, [&] { return make_number(required(ctx, "ctx"), number); });
}

webai_status webai_value_string(webai_context* ctx, const char* text, size_t size, webai_value** out) {
  return produced(ctx, out, nullptr,
                  [&] { return make_text(required(ctx, "ctx"), text_argument(text, size, "text")); });
}

webai_status webai_value_list(webai_context* ctx, webai_value* const* items, size_t count, webai_value** out) {
  return produced(ctx, out, nullptr, [&] {
    webai_context& context = required(ctx, "ctx");
    if (count) required(items, "items");
    std::vector<Value> owned;
    owned.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      check_context(context, items[i]);
      owned.push_back(Value::share(items[i]));
    }
    return make_list(context, std::move(owned));
  });
}

webai_status webai_value_map(webai_context* ctx, const webai_str* keys, webai_value* const* values, size_t count,
                             webai_value** out) {
  return produced(ctx, out, nullptr, [&] {
    webai_context& context = required(ctx, "ctx");
    if (count) {
      required(keys, "keys");
      required(values, "values");
    }
    std::vector<Map::Entry> entries;
    entries.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
      check_context(context, values[i]);
      entries.emplace_back(text_argument(keys[i].data, keys[i].size, "keys"), Value::share(values[i]));
    }
    return make_map(context, std::move(entries));
  });
}

webai_status webai_value_host(webai_context* ctx, void* pointer, webai_destroy destroy, webai_value** out) {
  Received received(pointer, destroy);
  return produced(ctx, out, nullptr, [&] {
    webai_context& context = required(ctx, "ctx");
    Ref<HostReference> made = make<HostReference>(context, 0, pointer);
    if (destroy) made->finalizer = Finalizer::make(context, received);
    return made;
  });
}

int32_t webai_value_kind(webai_value* value) { return kind_of(value); }

size_t webai_value_size(webai_value* value) {
  switch (kind_of(value)) {
    case WEBAI_STRING:
      return static_cast<Text*>(value)->value.size();
    case WEBAI_LIST:
      return static_cast<List*>(value)->size();
    case WEBAI_MAP:
      return static_cast<Map*>(value)->entries().size();
    case WEBAI_TENSOR:
      return static_cast<TensorValue*>(value)->elements();
    default:
      return 0;
  }
}

webai_value* webai_value_at(webai_value* value, size_t index, const char** key, size_t* key_size) {
  std::string_view name;
  webai_value* found = nullptr;
  bool named = false;
  if (kind_of(value) == WEBAI_LIST) {
    found = static_cast<List*>(value)->at(index);
  } else if (kind_of(value) == WEBAI_MAP && index < static_cast<Map*>(value)->entries().size()) {
    const Map::Entry& entry = static_cast<Map*>(value)->entries()[index];
    found = entry.second.get();
    name = entry.first;
    named = true;
  }
  if (key) *key = named ? name.data() : nullptr;
  if (key_size) *key_size = name.size();
  return found;
}

webai_value* webai_value_get(webai_value* map, const char* key, size_t size) {
  if (!key) return nullptr;
  const std::string_view name(key, size == WEBAI_NUL_TERMINATED ? std::strlen(key) : size);
  if (kind_of(map) == WEBAI_ERROR) return static_cast<ErrorValue*>(map)->get(name);
  return member(map, name);
}

webai_status webai_value_as_number(webai_value* value, double* out) {
  if (out) *out = 0;
  return guarded(context_of(value), nullptr, [&] {
    required(out, "out");
    if (kind_of(value) == WEBAI_BOOL)
      *out = static_cast<Boolean*>(value)->value ? 1 : 0;
    else
      *out = expect<Number>(value, "value").value;
  });
}

const char* webai_value_as_string(webai_value* value, size_t* size) {
  const std::string* const text = kind_of(value) == WEBAI_STRING ? &static_cast<Text*>(value)->value : nullptr;
  if (size) *size = text ? text->size() : 0;
  return text ? text->c_str() : nullptr;
}

void* webai_value_as_host(webai_value* value) {
  return kind_of(value) == WEBAI_HOST ? static_cast<HostReference*>(value)->pointer : nullptr;
}

}  // extern "C"
