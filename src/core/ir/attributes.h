// Named settings of a node: few, sorted by name, compared by value.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace webai {

struct Graph;

/// A graph inside a node, shared by copies of the node and never changed. Equal where it is the same one.
struct Subgraph {
  std::shared_ptr<const Graph> graph;
  friend bool operator==(const Subgraph&, const Subgraph&) = default;
};

/// Never held. libstdc++ 12 believes that a variant of the other types alone cannot become empty, and destroys garbage
/// when copying one runs out of memory; a type it knows nothing about makes it look.
struct NoAttribute {
  ~NoAttribute() {}
};
using AttributeValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                                    std::vector<double>, Subgraph, NoAttribute>;

class Attributes {
 public:
  using Entry = std::pair<std::string, AttributeValue>;

  Attributes() = default;
  Attributes(std::initializer_list<Entry> entries);

  void set(std::string_view name, AttributeValue value);
  void erase(std::string_view name);
  const AttributeValue* find(std::string_view name) const noexcept;

  /// Typed access; throws INTERNAL naming the attribute when it is absent or of another kind (the Builder has checked
  /// kinds and filled in defaults before any rule or kernel asks). An integer is also readable as double.
  bool boolean(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  double number(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  const std::vector<std::int64_t>& integers(std::string_view name) const;
  const std::vector<double>& numbers(std::string_view name) const;
  const Graph& graph(std::string_view name) const;

  std::size_t size() const noexcept { return entries_.size(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }
  friend bool operator==(const Attributes&, const Attributes&) = default;

 private:
  std::vector<Entry> entries_;  // sorted by name
};

/// As the printer writes it: true, 3, 0.5, "same", [1, 2], [0.5, 1.0], graph "its text". Doubles in the shortest form that reads back.
std::string text_of(const AttributeValue& value);

}  // namespace webai
