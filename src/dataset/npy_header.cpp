// Understands just the text that NumPy writes: {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
#include "dataset/npy_header.h"

#include <array>
#include <bit>
#include <charconv>
#include <optional>
#include <utility>

#include "dataset/csv_lexer.h"
#include "webai/error.hpp"

namespace webai {

namespace {

struct TypeName {
  std::string_view text;  // without byte order
  DType type;
};
constexpr TypeName type_names[] = {{"b1", DType::boolean}, {"i1", DType::i8},   {"i2", DType::i16},  {"i4", DType::i32},
                                   {"i8", DType::i64},     {"u1", DType::u8},   {"u2", DType::u16},  {"u4", DType::u32},
                                   {"u8", DType::u64},     {"f2", DType::fp16}, {"f4", DType::fp32}, {"f8", DType::fp64}};

class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& file) : text_(text), file_(file) {}

  NpyHeader parse() {
    NpyHeader header;
    bool type = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = quoted();
      expect(':');
      if (key == "descr" && !std::exchange(type, true)) {
        read_type(header);
      } else if (key == "fortran_order" && !std::exchange(order, true)) {
        header.fortran = boolean();
      } else if (key == "shape" && !std::exchange(shape, true)) {
        header.shape = dimensions();
      } else {
        fail("an unexpected key " + shown(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    blanks();
    if (!text_.empty()) fail("text after the dictionary");
    if (!type || !order || !shape) fail("no " + std::string(!type ? "descr" : !order ? "fortran_order" : "shape"));
    return header;
  }

 private:
  [[noreturn]] void fail(std::string actual) const {
    throw Error(Code::invalid_argument, {.message = "the .npy header is damaged",
                                         .reason = "NPY_HEADER",
                                         .path = file_,
                                         .expected = "a dictionary of descr, fortran_order and shape",
                                         .actual = std::move(actual),
                                         .hint = "write it again, with numpy.save"});
  }
  void blanks() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n' || text_.front() == '\t')) {
      text_.remove_prefix(1);
    }
  }
  bool accept(char character) {
    blanks();
    if (text_.empty() || text_.front() != character) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char character) {
    if (!accept(character)) fail(text_.empty() ? std::string("its end") : shown(text_.substr(0, 20)));
  }
  std::string_view quoted() {
    const char quote = accept('\'') ? '\'' : '"';
    if (quote == '"') expect('"');
    const std::size_t end = text_.find(quote);
    if (end == std::string_view::npos) fail("a quote that is never closed");
    const std::string_view inside = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return inside;
  }
  bool accept_word(std::string_view word) {
    blanks();
    if (!text_.starts_with(word)) return false;
    text_.remove_prefix(word.size());
    return true;
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) fail("fortran_order is neither True nor False");
    return false;
  }
  Shape dimensions() {
    Shape shape;
    expect('(');
    while (!accept(')')) {
      blanks();
      std::int64_t length = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), length);
      if (error != std::errc{} || length < 0) fail("a dimension " + shown(text_.substr(0, 20)));
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      accept('L');  // long integers of old Pythons
      if (shape.rank() == Shape::max_rank) {
        throw Error(Code::limit_exceeded, {.message = "the array has too many dimensions",
                                           .reason = "RANK",
                                           .path = file_,
                                           .expected = "at most " + std::to_string(Shape::max_rank),
                                           .hint = "put dimensions together, with reshape"});
      }
      shape.append(length);
      if (accept(',')) continue;
      expect(')');
      break;
    }
    return shape;
  }
  void read_type(NpyHeader& header) {
    blanks();
    const bool structured = !text_.empty() && text_.front() == '[';
    const std::string_view text = structured ? std::string_view("a structure") : quoted();
    std::string_view name = text;
    char order = '=';
    if (!name.empty() && (name.front() == '<' || name.front() == '>' || name.front() == '|' || name.front() == '=')) {
      order = name.front();
      name.remove_prefix(1);
    }
    for (const TypeName& entry : type_names) {
      if (entry.text != name) continue;
      header.type = entry.type;
      const bool little = std::endian::native == std::endian::little;
      header.swapped = size_of(entry.type) > 1 && (order == '<' || order == '>') && (order == '<') != little;
      return;
    }
    throw Error(Code::unsupported, {.message = "the array's elements are not plain numbers",
                                    .reason = "NPY_TYPE",
                                    .path = file_,
                                    .expected = "bool, integers, or floats of 2, 4 or 8 bytes",
                                    .actual = shown(text),
                                    .hint = "convert it first: array.astype('float32')"});
  }

  std::string_view text_;
  const std::string& file_;
};

}  // namespace

NpyHeader read_npy_header(ByteReader& file) {
  std::array<std::byte, 8> magic;
  constexpr std::string_view expected = "\x93NUMPY";
  const std::size_t count = file.read(magic);
  const std::string_view seen(reinterpret_cast<const char*>(magic.data()), count);
  if (count < magic.size() || !seen.starts_with(expected)) {
    throw Error(Code::invalid_argument, {.message = "this is not an .npy file",
                                         .reason = "NPY_MAGIC",
                                         .path = file.name(),
                                         .expected = "the bytes 93 4e 55 4d 50 59 at its start",
                                         .hint = "say what it is in front of its name: csv:, idx:, json:"});
  }
  const auto version = std::to_integer<unsigned>(magic[6]);
  if (version < 1 || version > 3) {
    throw Error(Code::unsupported, {.message = "this version of .npy is not known",
                                    .reason = "NPY_VERSION",
                                    .path = file.name(),
                                    .expected = "1, 2 or 3",
                                    .actual = std::to_string(version),
                                    .hint = "write it again, with numpy.save"});
  }
  std::array<std::byte, 4> length_bytes{};
  file.read_exactly(std::span(length_bytes).first(version == 1 ? 2 : 4), "the .npy header");
  std::uint32_t length = 0;
  for (std::size_t i = 4; i-- > 0;) length = length << 8 | std::to_integer<std::uint32_t>(length_bytes[i]);
  if (length > 65'536) {
    throw Error(Code::limit_exceeded, {.message = "the .npy header is too long",
                                       .reason = "NPY_HEADER",
                                       .path = file.name(),
                                       .expected = "at most 65536 bytes",
                                       .actual = std::to_string(length),
                                       .hint = "write it again, with numpy.save"});
  }
  std::string text(length, '\0');
  file.read_exactly(std::as_writable_bytes(std::span(text.data(), text.size())), "the .npy header");
  return HeaderParser(text, file.name()).parse();
}

std::string npy_type_text(DType type) {
  if (type == DType::bf16) type = DType::u16;  // NumPy has no such type: its bits travel
  for (const TypeName& entry : type_names) {
    if (entry.type == type) return (size_of(type) == 1 ? "|" : "<") + std::string(entry.text);
  }
  throw Error(Code::internal, "no .npy type for " + std::string(name_of(type)));
}

}  // namespace webai
