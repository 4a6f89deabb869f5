// The kinds of values that JSON has, and host references: immutable trees.
#pragma once

#include <atomic>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capi/finalizer.h"
#include "capi/object.h"

namespace webai::capi {

class Boolean final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_BOOL;
  explicit Boolean(bool given) : webai_value(kind_code), value(given) {}
  void destroy() noexcept override { delete this; }
  const bool value;

 private:
  ~Boolean() = default;
};

class Number final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_NUMBER;
  explicit Number(double given) : webai_value(kind_code), value(given) {}
  void destroy() noexcept override { delete this; }
  const double value;

 private:
  ~Number() = default;
};

class Text final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_STRING;
  explicit Text(std::string_view given) : webai_value(kind_code), value(given) {}
  void destroy() noexcept override { delete this; }
  const std::string value;

 private:
  ~Text() = default;
};

/// A list of anything, or one of plain numbers, packed: 8 bytes each, made into values only when asked for.
class List final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_LIST;
  explicit List(std::vector<Value> items);
  explicit List(std::vector<double> numbers) : webai_value(kind_code), numbers_(std::move(numbers)) { depth = 1; }
  void destroy() noexcept override { delete this; }
  std::size_t size() const noexcept { return items_.size() + numbers_.size(); }
  /// The numbers of a packed list that is not empty; null for others.
  const std::vector<double>* numbers() const noexcept { return numbers_.empty() ? nullptr : &numbers_; }
  /// Borrowed; null outside, for a JSON null, and for a packed number that there was no memory for.
  webai_value* at(std::size_t index) noexcept;

 private:
  ~List();
  std::vector<Value> items_;
  std::vector<double> numbers_;
  std::atomic<std::atomic<webai_value*>*> made_{nullptr};  // one per number, once the first was asked for
};

class Map final : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_MAP;
  using Entry = std::pair<std::string, Value>;
  /// Throws INVALID_ARGUMENT for a key that comes twice.
  explicit Map(std::vector<Entry> entries);
  void destroy() noexcept override { delete this; }
  const std::vector<Entry>& entries() const noexcept { return entries_; }
  webai_value* get(std::string_view key) const noexcept;

 private:
  ~Map() = default;
  std::vector<Entry> entries_;
  std::vector<std::uint32_t> sorted_;  // places of the entries in the order of their keys
};

/// A pointer of the host that travels with its values.
class HostReference : public webai_value {
 public:
  static constexpr std::int32_t kind_code = WEBAI_HOST;
  explicit HostReference(void* given) : webai_value(kind_code), pointer(given) {}
  void destroy() noexcept override { delete this; }
  void* const pointer;
  Finalizer::Handle finalizer;

 protected:
  virtual ~HostReference() = default;
};

Value make_number(webai_context& context, double number);
Value make_boolean(webai_context& context, bool value);
Value make_text(webai_context& context, std::string_view text);
Value make_free_text(std::string_view text);  ///< of no context, not counted: inside errors
Value make_list(webai_context& context, std::vector<Value> items);
Value make_numbers(webai_context& context, std::vector<double> numbers);
/// Throws INVALID_ARGUMENT for a key that comes twice.
Value make_map(webai_context& context, std::vector<Map::Entry> entries);
Value make_map(webai_context& context, std::initializer_list<Map::Entry> entries);

/// Levels below a container are bounded, so that every walk over values may recurse. Throws LIMIT_EXCEEDED.
void check_depth(const webai_context& context, const webai_value& made);

/// The value of a member, or null: of a map; null too for anything that is no map.
webai_value* member(const webai_value* map, std::string_view key) noexcept;

}  // namespace webai::capi
