// The value tree: access, comparison, small edits.
#include "core/model/json.h"

#include <algorithm>
#include <cmath>

#include "webai/error.hpp"

namespace webai {
namespace {

[[noreturn]] void wrong_kind(const char* wanted) {
  throw Error(Code::internal, std::string("a JSON value was read as ") + wanted + " without looking at its kind");
}

template <class T, class Variant> const T& get(const Variant& value, const char* wanted) {
  const auto* pointer = std::get_if<std::shared_ptr<const T>>(&value);
  if (!pointer) wrong_kind(wanted);
  return **pointer;
}

}  // namespace

Json Json::boolean(bool value) {
  Json json;
  json.value_ = value;
  return json;
}

Json Json::number(double value) {
  Json json;
  json.value_ = value;
  return json;
}

Json Json::integer(std::int64_t value) {
  Json json;
  json.value_ = value;
  return json;
}

Json Json::text(std::string value) {
  Json json;
  json.value_ = std::make_shared<const std::string>(std::move(value));
  return json;
}

Json Json::array(std::vector<Json> items) {
  Json json;
  json.value_ = std::make_shared<const std::vector<Json>>(std::move(items));
  return json;
}

Json Json::numbers(std::vector<double> values) {
  Json json;
  json.value_ = std::make_shared<const std::vector<double>>(std::move(values));
  return json;
}

Json Json::object(std::vector<Member> members) {
  Json json;
  json.value_ = std::make_shared<const std::vector<Member>>(std::move(members));
  return json;
}

Json::Kind Json::kind() const noexcept {
  constexpr Kind kinds[] = {Kind::null, Kind::boolean, Kind::number, Kind::number,
                            Kind::text, Kind::array,   Kind::array,  Kind::object};
  return kinds[value_.index()];
}

bool Json::as_boolean() const {
  if (const bool* value = std::get_if<bool>(&value_)) return *value;
  wrong_kind("true or false");
}

double Json::as_number() const {
  if (const auto* whole = std::get_if<std::int64_t>(&value_)) return static_cast<double>(*whole);
  if (const double* value = std::get_if<double>(&value_)) return *value;
  wrong_kind("a number");
}

std::optional<std::int64_t> Json::as_integer() const noexcept {
  if (const auto* whole = std::get_if<std::int64_t>(&value_)) return *whole;
  if (const double* value = std::get_if<double>(&value_))
    if (std::abs(*value) <= largest_exact && std::trunc(*value) == *value) return static_cast<std::int64_t>(*value);
  return std::nullopt;
}

const std::string& Json::as_text() const { return get<std::string>(value_, "text"); }

std::size_t Json::size() const noexcept {
  if (const auto* numbers = std::get_if<Numbers>(&value_)) return (*numbers)->size();
  if (const auto* items = std::get_if<Items>(&value_)) return (*items)->size();
  if (const auto* members = std::get_if<Members>(&value_)) return (*members)->size();
  return 0;
}

Json Json::at(std::size_t index) const {
  if (index >= size()) wrong_kind("an array of more items");
  if (const auto* numbers = std::get_if<Numbers>(&value_)) return number((**numbers)[index]);
  return get<std::vector<Json>>(value_, "an array")[index];
}

bool Json::is_packed() const noexcept { return std::holds_alternative<Numbers>(value_); }

std::span<const double> Json::as_numbers() const { return get<std::vector<double>>(value_, "an array of numbers"); }

std::span<const Json::Member> Json::members() const { return get<std::vector<Member>>(value_, "an object"); }

const Json* Json::find(std::string_view key) const noexcept {
  if (const auto* members = std::get_if<Members>(&value_))
    for (const Member& member : **members)
      if (member.first == key) return &member.second;
  return nullptr;
}

Json Json::with(std::string_view key, Json value) const {
  std::vector<Member> copy(members().begin(), members().end());
  const auto at = std::find_if(copy.begin(), copy.end(), [&](const Member& member) { return member.first == key; });
  if (at != copy.end())
    at->second = std::move(value);
  else
    copy.emplace_back(std::string(key), std::move(value));
  return object(std::move(copy));
}

namespace {

// Members in alphabetical order, so that comparing two objects of many keys stays fast.
std::vector<Json::Member> by_key(const Json& object) {
  std::vector<Json::Member> members(object.members().begin(), object.members().end());
  std::ranges::sort(members, {}, &Json::Member::first);
  return members;
}

}  // namespace

bool operator==(const Json& a, const Json& b) {
  if (a.kind() != b.kind() || a.size() != b.size()) return false;
  switch (a.kind()) {
    case Json::Kind::null:
      return true;
    case Json::Kind::boolean:
      return a.as_boolean() == b.as_boolean();
    case Json::Kind::number: {
      const auto left = a.as_integer(), right = b.as_integer();
      return left && right ? *left == *right : a.as_number() == b.as_number();
    }
    case Json::Kind::text:
      return a.as_text() == b.as_text();
    case Json::Kind::array:
      if (a.is_packed() && b.is_packed()) return std::ranges::equal(a.as_numbers(), b.as_numbers());
      for (std::size_t i = 0; i < a.size(); ++i)
        if (!(a.at(i) == b.at(i))) return false;
      return true;
    case Json::Kind::object:
      return by_key(a) == by_key(b);
  }
  return false;
}

std::string pointer_to(std::string_view parent, std::string_view key) {
  std::string pointer(parent);
  pointer += '/';
  for (const char c : key) {
    if (c == '~')
      pointer += "~0";
    else if (c == '/')
      pointer += "~1";
    else
      pointer += c;
  }
  return pointer;
}

std::string pointer_to(std::string_view parent, std::size_t index) {
  return std::string(parent) + '/' + std::to_string(index);
}

std::string describe(const Json& value) {
  switch (value.kind()) {
    case Json::Kind::array:
      return value.size() == 0 ? "an empty array" : "an array of " + std::to_string(value.size());
    case Json::Kind::object:
      return "an object";
    case Json::Kind::text:
      if (value.as_text().size() > 40) return "a text of " + std::to_string(value.as_text().size()) + " characters";
      return write_json(value);
    default:
      return write_json(value);
  }
}

}  // namespace webai
