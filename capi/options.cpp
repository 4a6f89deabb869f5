#include "capi/options.h"

#include <algorithm>
#include <cmath>

#include "capi/guard.h"
#include "capi/value.h"

namespace webai::capi {
namespace {

[[noreturn]] void wrong(std::string_view name, const char* expected, const webai_value* value) {
  throw Error(Code::invalid_argument, {.message = "option \"" + std::string(name) + "\" is " +
                                                  std::string(kind_name(kind_of(value))) + ", not " + expected,
                                       .reason = "OPTION",
                                       .path = std::string(name),
                                       .expected = expected});
}

}  // namespace

Options::Options(webai_value* given) : given_(given) {
  if (given && given->kind != WEBAI_MAP) wrong_kind("opts", "a map", given);
}

webai_value* Options::find(std::string_view name) {
  asked_.push_back(name);
  return member(given_, name);
}

bool Options::boolean(std::string_view name, bool otherwise) {
  webai_value* const value = find(name);
  if (!value) return otherwise;
  if (value->kind != WEBAI_BOOL) wrong(name, "true or false", value);
  return static_cast<Boolean*>(value)->value;
}

double Options::number(std::string_view name, double otherwise) {
  webai_value* const value = find(name);
  if (!value) return otherwise;
  if (value->kind != WEBAI_NUMBER) wrong(name, "a number", value);
  return static_cast<Number*>(value)->value;
}

std::size_t Options::count(std::string_view name, std::size_t otherwise) {
  webai_value* const value = find(name);
  if (!value) return otherwise;
  const double given = value->kind == WEBAI_NUMBER ? static_cast<Number*>(value)->value : -1;
  if (!(given >= 0 && given <= 1e15 && given == std::floor(given))) wrong(name, "a whole number, 0 or more", value);
  return static_cast<std::size_t>(given);
}

std::string Options::text(std::string_view name, std::string_view otherwise) {
  webai_value* const value = find(name);
  if (!value) return std::string(otherwise);
  if (value->kind != WEBAI_STRING) wrong(name, "a text", value);
  return static_cast<Text*>(value)->value;
}

void Options::finish(webai_context& context, std::string_view operation, bool strict) {
  std::vector<std::string> unknown;
  if (given_)
    for (const Map::Entry& entry : static_cast<Map*>(given_)->entries())
      if (entry.first != "strict" && std::find(asked_.begin(), asked_.end(), entry.first) == asked_.end())
        unknown.push_back(entry.first);
  finish(context, operation, unknown, strict);
}

void Options::finish(webai_context& context, std::string_view operation, const std::vector<std::string>& unknown, bool strict) {
  strict = boolean("strict", strict);
  if (unknown.empty()) return;
  std::string names;
  for (const std::string& name : unknown) names += (names.empty() ? "\"" : ", \"") + name + '"';
  if (strict)
    throw Error(Code::invalid_argument, {.message = std::string(operation) + ": unknown options: " + names,
                                         .reason = "OPTION_UNKNOWN",
                                         .path = unknown.front()});
  context.core().log(1, std::string(operation) + ": unknown options are ignored: " + names);
}

}  // namespace webai::capi
