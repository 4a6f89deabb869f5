// JSON values and their text: read strictly and under limits, written back with the key order kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "webai/context.hpp"
#include "webai/export.hpp"

namespace webai {

/// An immutable JSON value; copies share their contents. An array that holds nothing but numbers is stored packed, so
/// weights written as numbers cost 8 bytes each.
class WEBAI_EXPORT Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, text, array, object };
  using Member = std::pair<std::string, Json>;

  Json() = default;
  static Json boolean(bool value);
  static Json number(double value);
  static Json integer(std::int64_t value);
  static Json text(std::string value);
  static Json array(std::vector<Json> items);
  static Json numbers(std::vector<double> values);
  static Json object(std::vector<Member> members);

  Kind kind() const noexcept;
  bool is_null() const noexcept { return kind() == Kind::null; }
  bool is_boolean() const noexcept { return kind() == Kind::boolean; }
  bool is_number() const noexcept { return kind() == Kind::number; }
  bool is_text() const noexcept { return kind() == Kind::text; }
  bool is_array() const noexcept { return kind() == Kind::array; }
  bool is_object() const noexcept { return kind() == Kind::object; }

  // Access; asking a value of another kind throws INTERNAL (look at kind() first).
  bool as_boolean() const;
  double as_number() const;
  /// The number when it is a whole one that is known exactly.
  std::optional<std::int64_t> as_integer() const noexcept;
  const std::string& as_text() const;
  std::size_t size() const noexcept;  ///< items of an array, members of an object, else 0
  Json at(std::size_t index) const;   ///< of an array
  bool is_packed() const noexcept;    ///< an array stored as plain numbers (the empty array is)
  std::span<const double> as_numbers() const;  ///< of a packed array
  std::span<const Member> members() const;     ///< of an object
  const Json* find(std::string_view key) const noexcept;  ///< of an object; nullptr when absent or no object

  /// The same object with one member replaced, or appended when it is new.
  Json with(std::string_view key, Json value) const;

  /// Structural equality; key order matters not, 1 equals 1.0.
  friend bool operator==(const Json& a, const Json& b);

 private:
  using Text = std::shared_ptr<const std::string>;
  using Numbers = std::shared_ptr<const std::vector<double>>;
  using Items = std::shared_ptr<const std::vector<Json>>;
  using Members = std::shared_ptr<const std::vector<Member>>;
  std::variant<std::monostate, bool, double, std::int64_t, Text, Numbers, Items, Members> value_;
};

struct JsonOptions {
  bool json5 = false;  ///< also takes comments, trailing commas, unquoted keys and single quotes
};

/// Reads one document. Throws INVALID_JSON (path "line 3, column 14") for anything RFC 8259 does not allow and for
/// duplicate keys, LIMIT_EXCEEDED as soon as the text has more bytes, depth or values than `limits` admit: objects up to
/// limits.nodes, other values but plain numbers up to eight times as many.
WEBAI_EXPORT Json read_json(std::string_view text, const Limits& limits, JsonOptions options = {});

/// Throws INVALID_ARGUMENT for a number that JSON cannot write (infinite, not a number).
WEBAI_EXPORT std::string write_json(const Json& value, bool pretty = false);

}  // namespace webai
