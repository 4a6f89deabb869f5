// A pass over the characters: strings are quoted anew, names before a colon get quotes, comments and trailing commas
// become spaces. No grammar beyond that: the strict reader checks the result.
#include "core/model/json5.h"

#include <algorithm>

namespace webai {
namespace {

bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$'; }
bool continues_name(char c) { return starts_name(c) || (c >= '0' && c <= '9'); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class Translator {
 public:
  explicit Translator(std::string_view text) : text_(text) {}

  StrictText run() {
    result_.text.reserve(text_.size() + 16);
    while (at_ < text_.size()) step();
    return std::move(result_);
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == '"') return copy_string();
    if (c == '\'') return quote_anew();
    if (const std::size_t end = skip_comment(at_); end != at_) return blank(end);
    if (c == ',') return comma();
    if (starts_name(c)) return name();
    put(c);
    ++at_;
  }

  void put(char c) {
    const std::size_t here = result_.text.size();
    if (result_.offsets.empty() ? here != at_
                                : result_.offsets.back().first - result_.offsets.back().second != here - at_)
      result_.offsets.emplace_back(here, at_);
    result_.text += c;
  }

  /// End of the comment that starts at `from`, or `from`. An unclosed block comment is left for the reader to refuse.
  std::size_t skip_comment(std::size_t from) {
    if (text_.substr(from, 2) == "//") return std::min(text_.find('\n', from), text_.size());
    if (text_.substr(from, 2) == "/*" && from < last_close_) {
      const std::size_t end = text_.find("*/", from + 2);
      if (end != std::string_view::npos) return end + 2;
      last_close_ = from;  // none further on: asking once keeps the pass linear
    }
    return from;
  }

  void blank(std::size_t end) {
    for (; at_ < end; ++at_) put(text_[at_] == '\n' ? '\n' : ' ');
  }

  void copy_string() {
    do {
      put(text_[at_]);
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) put(text_[++at_]);
      ++at_;
    } while (at_ < text_.size() && text_[at_] != '"');
    if (at_ < text_.size()) put(text_[at_++]);
  }

  void quote_anew() {
    put('"');
    for (++at_; at_ < text_.size() && text_[at_] != '\''; ++at_) {
      if (text_[at_] == '"') put('\\');
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        ++at_;
        if (text_[at_] != '\'') put('\\');
      }
      put(text_[at_]);
    }
    if (at_ < text_.size()) {  // an unclosed one stays unclosed
      put('"');
      ++at_;
    }
  }

  std::size_t next_token(std::size_t from) {
    while (from < text_.size()) {
      if (is_space(text_[from])) {
        ++from;
      } else if (const std::size_t end = skip_comment(from); end != from) {
        from = end;
      } else {
        break;
      }
    }
    return from;
  }

  void comma() {
    const std::size_t next = next_token(at_ + 1);
    const bool trailing = next < text_.size() && (text_[next] == ']' || text_[next] == '}') && follows_value();
    put(trailing ? ' ' : ',');
    ++at_;
  }

  /// Whether a value stands before the end of what was written: `[,]` keeps its comma and is refused.
  bool follows_value() const {
    for (std::size_t i = result_.text.size(); i-- > 0;)
      if (!is_space(result_.text[i])) return result_.text[i] != ',' && result_.text[i] != '[' && result_.text[i] != '{';
    return false;
  }

  void name() {
    std::size_t end = at_;
    while (end < text_.size() && continues_name(text_[end])) ++end;
    const std::size_t next = next_token(end);
    const bool key = next < text_.size() && text_[next] == ':';
    if (key) put('"');
    while (at_ < end) put(text_[at_++]);
    if (key) put('"');
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t last_close_ = std::string_view::npos;
  StrictText result_;
};

}  // namespace

std::size_t StrictText::original(std::size_t offset) const {
  const auto after = std::upper_bound(offsets.begin(), offsets.end(), offset,
                                      [](std::size_t value, const auto& entry) { return value < entry.first; });
  if (after == offsets.begin()) return offset;
  const auto& [here, there] = *std::prev(after);
  return there + (offset - here);
}

StrictText strict_from_json5(std::string_view text) { return Translator(text).run(); }

}  // namespace webai
