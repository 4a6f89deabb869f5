// Gradients as text: what travels between machines.
#include <algorithm>

#include "core/model/tensor_json.h"
#include "webai/error.hpp"
#include "webai/network.hpp"

namespace webai {
namespace {

constexpr std::int64_t gradients_version = 1;

[[noreturn]] void refuse(std::string message, std::string path, std::string expected, const Json& actual) {
  throw Error(Code::invalid_argument, {.message = std::move(message),
                                       .reason = "GRADIENT",
                                       .path = std::move(path),
                                       .expected = std::move(expected),
                                       .actual = describe(actual),
                                       .hint = "take the text that gradients were written as, unchanged"});
}

const Json& member(const Json& object, std::string_view key, std::string_view expected) {
  const Json* found = object.find(key);
  if (!found) refuse("gradients have \"" + std::string(key) + "\"", {}, std::string(expected), object);
  return *found;
}

}  // namespace

std::string gradients_to_json(const Gradients& gradients) {
  std::vector<Json::Member> tensors;
  for (const auto& [name, tensor] : gradients.gradients) tensors.emplace_back(name, tensor_to_json(tensor));
  return write_json(Json::object({{"version", Json::integer(gradients_version)},
                                  {"loss", Json::number(gradients.error)},
                                  {"samples", Json::integer(static_cast<std::int64_t>(gradients.samples))},
                                  {"modelHash", Json::text(gradients.model_hash)},
                                  {"gradients", Json::object(std::move(tensors))}}));
}

Gradients gradients_from_json(const Context& context, std::string_view text) {
  const Json json = read_json(text, context.limits());
  if (!json.is_object()) refuse("these are no gradients", {}, "{version, loss, samples, modelHash, gradients}", json);
  const Json& version = member(json, "version", "the version of the form");
  if (!(version == Json::integer(gradients_version)))
    throw Error(Code::unsupported, {.message = "the gradients are written in another version of their form",
                                    .reason = "VERSION",
                                    .path = "/version",
                                    .expected = std::to_string(gradients_version),
                                    .actual = describe(version),
                                    .hint = "write them with the same version of the library"});
  Gradients result;
  const Json& loss = member(json, "loss", "a number");
  if (!loss.is_number()) refuse("the loss is a number", "/loss", "a number", loss);
  result.error = loss.as_number();
  const Json& samples = member(json, "samples", "a whole number");
  const auto count = samples.is_number() ? samples.as_integer() : std::nullopt;
  if (!count || *count < 0) refuse("samples are a whole number", "/samples", "0 or more", samples);
  result.samples = static_cast<std::uint64_t>(*count);
  const Json& hash = member(json, "modelHash", "a text");
  if (!hash.is_text()) refuse("the hash is a text", "/modelHash", "a text", hash);
  result.model_hash = hash.as_text();
  const Json& tensors = member(json, "gradients", "an object of tensors");
  if (!tensors.is_object()) refuse("gradients stand in an object by their names", "/gradients", "an object", tensors);
  for (const auto& [name, tensor] : tensors.members())
    result.gradients.emplace(name, tensor_from_json(context, tensor, pointer_to("/gradients", name)));
  return result;
}

}  // namespace webai
