#include "core/model/text_lookup.h"

#include <algorithm>

#include "core/base/names.h"
#include "webai/error.hpp"

namespace webai {
namespace {

constexpr std::string_view spaces = " \t\r\n\f\v";
constexpr std::string_view closing = ".,;:!?)]}%", opening = "([{";

// Letters, digits and whatever is not ASCII make up words; apostrophes and hyphens may stand in them.
bool in_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
         c == '_' || c == '\'' || c == '-';
}

[[noreturn]] void unmapped(std::string_view piece, std::string_view text, std::string_view path, std::string hint) {
  const std::string_view before = text.substr(0, static_cast<std::size_t>(piece.data() - text.data()));
  const auto characters = std::ranges::count_if(before, [](char c) { return (c & 0xC0) != 0x80; });
  constexpr std::size_t shown = 64;
  throw Error(Code::invalid_argument,
              {.message = "\"" + std::string(piece.substr(0, shown)) + "\" (from character " + std::to_string(characters + 1) +
                          " of the text on) is not in the vocabulary",
               .reason = "TEXT_UNMAPPED",
               .path = std::string(path),
               .actual = std::string(piece.substr(0, shown)),
               .hint = std::move(hint)});
}

}  // namespace

std::size_t character_length(std::string_view text) noexcept {
  const auto first = static_cast<unsigned char>(text.empty() ? 0 : text.front());
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  if (length > text.size()) return 1;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) return 1;
  return length;
}

TextLookup::TextLookup(std::vector<std::string> tokens, Level level, std::optional<std::size_t> unknown,
                       std::optional<std::size_t> padding)
    : tokens_(std::move(tokens)), level_(level), unknown_(unknown), padding_(padding) {
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    places_.emplace(tokens_[i], i);
    lengths_.insert(tokens_[i].size());
  }
}

std::optional<std::size_t> TextLookup::find(std::string_view token) const {
  const auto at = places_.find(token);
  return at == places_.end() ? std::nullopt : std::optional(at->second);
}

std::size_t TextLookup::place_of(std::string_view piece, std::string_view text, std::string_view path) const {
  if (const auto place = find(piece)) return *place;
  if (unknown_) return *unknown_;
  const std::string near = level_ == Level::character ? "" : nearest_name(piece, tokens_);
  unmapped(piece, text, path,
           !near.empty()                ? "did you mean \"" + near + "\"?"
           : level_ == Level::character ? "add it, or name a token that stands for all others: \"unknown\": \"?\""
                                        : "add it, or name a word that stands for all others: \"unknown\": \"other\"");
}

// A word as it stands, else its punctuation marks and what is between them.
void TextLookup::add_word(std::string_view word, std::string_view text, std::string_view path,
                          std::vector<std::size_t>& into) const {
  if (const auto place = find(word)) return into.push_back(*place);
  while (!word.empty()) {
    std::size_t length = 1;
    if (in_word(word.front()))
      while (length < word.size() && in_word(word[length])) ++length;
    into.push_back(place_of(word.substr(0, length), text, path));
    word.remove_prefix(length);
  }
}

std::vector<std::size_t> TextLookup::encode(std::string_view text, std::string_view path) const {
  std::vector<std::size_t> result;
  if (level_ == Level::whole) return {place_of(text, text, path)};
  if (level_ == Level::word) {
    for (std::size_t at = text.find_first_not_of(spaces); at != std::string_view::npos;) {
      const std::size_t end = std::min(text.find_first_of(spaces, at), text.size());
      add_word(text.substr(at, end - at), text, path, result);
      at = text.find_first_not_of(spaces, end);
    }
    return result;
  }
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    std::optional<std::size_t> place;
    std::size_t taken = 0;
    for (auto length = lengths_.begin(); length != lengths_.end() && !place; ++length)
      if (*length <= rest.size()) place = find(rest.substr(0, taken = *length));
    if (!place) place = place_of(rest.substr(0, taken = character_length(rest)), text, path);
    result.push_back(*place);
    at += taken;
  }
  return result;
}

std::string TextLookup::said_after(std::optional<std::size_t> before, std::size_t token) const {
  if (token >= tokens_.size()) return {};
  const std::string& text = tokens_[token];
  if (level_ == Level::character || !before || *before >= tokens_.size()) return text;
  const bool joined = closing.find(text.front()) != std::string_view::npos ||
                      opening.find(tokens_[*before].back()) != std::string_view::npos;
  return joined ? text : " " + text;
}

}  // namespace webai
