// Reading a graph back from text (text.h has the form).
#include <cctype>
#include <charconv>
#include <map>

#include "core/ir/text.h"
#include "webai/error.hpp"

namespace webai {
namespace {

// Reads one line, token by token.
class Line {
 public:
  Line(std::string_view text, std::size_t number) : text_(text), number_(number) {}

  [[noreturn]] void fail(const std::string& expected) const {
    throw Error(Code::invalid_argument, {.message = "graph text: expected " + expected + " at column " +
                                                    std::to_string(at_ + 1), .reason = "GRAPH_TEXT",
                                         .path = "line " + std::to_string(number_)});
  }
  bool done() { return skip(), at_ == text_.size(); }
  bool ahead(char mark) { return skip(), at_ < text_.size() && text_[at_] == mark; }
  bool take(std::string_view token) {
    skip();
    if (!text_.substr(at_).starts_with(token)) return false;
    at_ += token.size();
    return true;
  }
  void need(std::string_view token) {
    if (!take(token)) fail("\"" + std::string(token) + "\"");
  }
  std::string_view word() {
    skip();
    const std::size_t start = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) ||
                                  std::string_view("#_-.+").find(text_[at_]) != std::string_view::npos))
      ++at_;
    if (start == at_) fail("a word");
    return text_.substr(start, at_ - start);
  }
  std::string quoted() {
    need("\"");
    std::string result;
    while (at_ < text_.size() && text_[at_] != '"') {
      const bool escaped = text_[at_] == '\\' && at_ + 1 < text_.size();
      if (escaped) ++at_;
      result += !escaped || (text_[at_] != 'n' && text_[at_] != 's') ? text_[at_] : text_[at_] == 'n' ? '\n' : '\\';
      ++at_;
    }
    need("\"");
    return result;
  }
  template <class T> T number() {
    skip();
    T value{};
    const auto result = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (result.ec != std::errc{}) fail("a number");
    at_ = static_cast<std::size_t>(result.ptr - text_.data());
    return value;
  }
  /// Calls item() for each element of "open a, b, c close".
  template <class Item> void list(std::string_view open, std::string_view close, Item item) {
    need(open);
    if (take(close)) return;
    do item();
    while (take(","));
    need(close);
  }
  /// True when the number ahead is written with a point or exponent, or is not finite.
  bool real_ahead() {
    skip();
    const std::size_t end = text_.find_first_of(",]} )", at_);
    return text_.substr(at_, end - at_).find_first_of(".einf") != std::string_view::npos;
  }

 private:
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  std::string_view text_;
  std::size_t number_, at_ = 0;
};

using Resolver = std::function<const Operator&(std::string_view)>;

class Reader {
 public:
  Reader(const Context& context, const Resolver& resolve) : context_(context), resolve_(resolve) {}

  Graph read(std::string_view text) {
    for (std::size_t number = 1; !text.empty(); ++number) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      Line line(text.substr(0, end), number);
      if (!line.done()) statement(line);
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    return std::move(graph_);
  }

 private:
  void statement(Line& line) {
    if (line.take("input ")) {
      const auto [id, name, type] = declared(line);
      ids_[id] = graph_.add_input(name, type);
    } else if (line.take("parameter ")) {
      const auto [id, name, type] = declared(line);
      ids_[id] = graph_.add_parameter(name, type, line.take("trainable"));
    } else if (line.take("state ")) {
      const auto [id, name, type] = declared(line);
      ids_[id] = graph_.add_state(name, type);
    } else if (line.take("constant ")) {
      constant(line);
    } else if (line.take("output ")) {
      std::string name = line.quoted();
      graph_.outputs.push_back({std::move(name), value(line)});
    } else if (line.take("write ")) {
      const ValueId state = value(line);
      line.need("<-");
      graph_.writes.push_back({state, value(line)});
    } else {
      node(line);
    }
    if (!line.done()) line.fail("the end of the line");
  }

  std::int32_t id(Line& line) { return line.need("%"), line.number<std::int32_t>(); }

  ValueId value(Line& line) {
    if (line.take("_")) return no_value;
    const auto at = ids_.find(id(line));
    if (at == ids_.end()) line.fail("a value that was defined before");
    return at->second;
  }

  ValueType type(Line& line) {
    const std::optional<DType> dtype = dtype_from_name(line.word());
    if (!dtype) line.fail("a data type");
    ValueType result{*dtype, Shape{}};
    line.list("[", "]", [&] {
      result.shape.append(line.take("n") ? Dimension::symbol(line.number<int>())
                                         : Dimension(line.number<std::int64_t>()));
    });
    return result;
  }

  struct Declared {
    std::int32_t id;
    std::string name;
    ValueType type;
  };
  Declared declared(Line& line) {
    const std::int32_t number = id(line);
    std::string name = line.quoted();
    return {number, std::move(name), type(line)};
  }

  void constant(Line& line) {
    const std::int32_t number = id(line);
    const ValueType declared = type(line);
    Tensor tensor(context_, declared.type, declared.shape);
    line.need("=");
    std::size_t index = 0;
    line.list("[", "]", [&] {
      if (index >= tensor.elements()) line.fail("fewer elements");
      if (tensor.type() == DType::i64)
        tensor.span<std::int64_t>()[index++] = line.number<std::int64_t>();
      else if (tensor.type() == DType::u64)
        tensor.span<std::uint64_t>()[index++] = line.number<std::uint64_t>();
      else
        tensor.set(index++, line.number<double>());
    });
    if (index != tensor.elements()) line.fail("more elements");
    ids_[number] = graph_.add_constant(std::move(tensor));
  }

  AttributeValue attribute(Line& line) {
    if (line.take("true")) return true;
    if (line.take("false")) return false;
    if (line.take("[.]")) return std::vector<double>{};
    if (line.take("[")) {
      if (line.take("]")) return std::vector<std::int64_t>{};
      if (line.real_ahead()) {
        std::vector<double> values;
        do values.push_back(line.number<double>());
        while (line.take(","));
        return line.need("]"), values;
      }
      std::vector<std::int64_t> values;
      do values.push_back(line.number<std::int64_t>());
      while (line.take(","));
      return line.need("]"), values;
    }
    if (line.ahead('"')) return line.quoted();
    if (line.take("graph "))
      return Subgraph{std::make_shared<const Graph>(Reader(context_, resolve_).read(line.quoted()))};
    if (line.real_ahead()) return line.number<double>();
    return line.number<std::int64_t>();
  }

  std::shared_ptr<const Chain> chain(Line& line) {
    auto result = std::make_shared<Chain>();
    result->inputs = line.number<std::int32_t>();
    line.list("{", "}", [&] {
      ChainStep step;
      step.op = &resolve_(line.word());
      line.list("(", ")", [&] { step.operands.push_back(line.number<std::int32_t>()); });
      if (line.take("[")) {
        do step.attributes.push_back(line.number<double>());
        while (line.take(","));
        line.need("]");
      }
      result->steps.push_back(std::move(step));
    });
    line.need("->");
    line.list("(", ")", [&] { result->results.push_back(line.number<std::int32_t>()); });
    return result;
  }

  void node(Line& line) {
    std::vector<std::int32_t> numbers;
    std::vector<ValueType> types;
    do {
      numbers.push_back(id(line));
      line.need(":");
      types.push_back(type(line));
    } while (line.take(","));
    line.need("=");
    Node result;
    result.op = &resolve_(line.word());
    line.list("(", ")", [&] { result.inputs.push_back(value(line)); });
    if (line.take("{")) {
      do {
        const std::string name(line.word());
        line.need(":");
        result.attributes.set(name, attribute(line));
      } while (line.take(","));
      line.need("}");
    }
    if (line.take("chain ")) result.chain = chain(line);
    if (line.take("@")) result.path = line.quoted();
    if (line.take("on ")) result.device = line.quoted();
    const NodeId node_id = graph_.add_node(std::move(result), types);
    for (std::size_t i = 0; i < numbers.size(); ++i) ids_[numbers[i]] = graph_.node(node_id).outputs[i];
  }

  const Context& context_;
  const Resolver& resolve_;
  Graph graph_;
  std::map<std::int32_t, ValueId> ids_;  // from the text's numbers to ours
};

}  // namespace

Graph parse_graph(const Context& context, std::string_view text, const Resolver& resolve) {
  return Reader(context, resolve).read(text);
}

}  // namespace webai
