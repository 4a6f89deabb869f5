// Small parts of a JSON schema, and the words of the model language whose values do not follow from a table. Private to
// core/model.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/model/json.h"

namespace webai::schema {

/// Properties of an object in their order; setting one again replaces it.
class Properties {
 public:
  Properties& set(std::string_view name, Json part);
  Properties with(std::string_view name, Json part) const { return Properties(*this).set(name, std::move(part)); }
  void remove(std::string_view name);
  const Json& at(std::string_view name) const;
  std::span<const Json::Member> members() const { return members_; }
  Json json() const { return Json::object(members_); }

 private:
  std::vector<Json::Member> members_;
};

using Words = std::span<const std::string_view>;

Json anything();
Json word(std::string_view text);
Json type(std::string_view name);
Json refer(std::string_view part);
Json constant(std::string_view text);
Json words(Words list);
Json words(std::initializer_list<std::string_view> list);
Json matching(std::string_view pattern);
Json whole_from(std::int64_t least);
Json any_of(std::vector<Json> parts);
Json list(Json items, std::int64_t least = 0, std::int64_t most = -1);
/// An object with these properties, those of tools (`meta`, x-...), and no others.
Json closed(const Properties& properties, std::initializer_list<std::string_view> required = {});
Json closed(const Properties& properties, Words required);
/// The same with any others.
Json opened(const Properties& properties);
/// An object whose property is there and fits.
Json requiring(std::string_view property, Json part);
Json described(Json part, std::string_view text);
Json deprecated(const Json& part, std::string_view canonical);

std::vector<std::string_view> split(std::string_view text);  ///< at spaces

/// What may stand under a property of the root or of any layer, or under a word of a step of io.
Properties code_words();  ///< of quantization
Json root_word(std::string_view key);
Json layer_word(std::string_view key);
Json io_word(std::string_view key);

}  // namespace webai::schema
