// Texts as the numbers of their tokens, and back: what `io` "lookup" and labels on inputs do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace webai {

class TextLookup {
 public:
  enum class Level : std::uint8_t {
    character,  ///< the longest token that the rest of the text begins with, one after the other
    word,       ///< what stands between spaces, punctuation marks by themselves
    whole       ///< the text is one token: a label
  };
  static constexpr std::size_t longest_token = 256;  ///< bytes

  /// Tokens are distinct and not empty. What no token stands for becomes `unknown`, where there is one; texts that are
  /// too short for their input are filled up in front with `padding`.
  TextLookup(std::vector<std::string> tokens, Level level, std::optional<std::size_t> unknown = {},
             std::optional<std::size_t> padding = {});
  TextLookup(const TextLookup&) = delete;
  TextLookup& operator=(const TextLookup&) = delete;

  std::size_t size() const noexcept { return tokens_.size(); }
  Level level() const noexcept { return level_; }
  std::optional<std::size_t> padding() const noexcept { return padding_; }
  const std::vector<std::string>& tokens() const noexcept { return tokens_; }
  std::optional<std::size_t> find(std::string_view token) const;

  /// Places of the text's tokens among all tokens. Throws INVALID_ARGUMENT (TEXT_UNMAPPED) naming the piece that no token
  /// stands for. `path` is where the vocabulary stands.
  std::vector<std::size_t> encode(std::string_view text, std::string_view path) const;
  /// What a token adds to a text whose last token was `before` (none: nothing was said yet).
  std::string said_after(std::optional<std::size_t> before, std::size_t token) const;

 private:
  std::size_t place_of(std::string_view piece, std::string_view text, std::string_view path) const;
  void add_word(std::string_view word, std::string_view text, std::string_view path,
                std::vector<std::size_t>& into) const;

  std::vector<std::string> tokens_;
  Level level_;
  std::optional<std::size_t> unknown_, padding_;
  std::map<std::string_view, std::size_t> places_;  // of tokens_, whose texts do not move
  std::set<std::size_t, std::greater<>> lengths_;   // that tokens have, in bytes
};

/// Bytes of the character that the text begins with; broken UTF-8 counts byte by byte.
std::size_t character_length(std::string_view text) noexcept;

}  // namespace webai
