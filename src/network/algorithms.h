// Functions of the program that stand for training, running, verifying and exporting. Private to src/network.
#pragma once

#include <memory>
#include <new>
#include <string_view>

#include "core/model/definitions.h"
#include "webai/algorithms.hpp"

namespace webai {

/// The function of that kind and name in the domain, else in "core"; null where the program defined none.
template <class Function>
std::shared_ptr<const Function> find_algorithm(const Context& context, Algorithm::Kind kind, std::string_view domain,
                                               std::string_view name) {
  return std::static_pointer_cast<const Function>(definitions_of(context)->algorithm(kind, domain, name));
}

/// What to try where there is no function of that kind and name: the nearest name there is, or `otherwise`.
std::string hint_for_algorithm(const Context& context, Algorithm::Kind kind, std::string_view domain, std::string_view name,
                               std::string otherwise);

/// Calls a function of the program; what it throws becomes an Error that names it.
template <class Call> auto call_algorithm(std::string_view name, Call&& call) -> decltype(call()) {
  const auto failed = [&](const char* words) {
    throw Error(Code::host_error,
                {.message = "\"" + std::string(name) + "\" failed: " + words, .reason = "ALGORITHM_FAILED",
                 .hint = "this is what the function of the definition has thrown"});
  };
  try {
    return call();
  } catch (const Error&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& error) {
    failed(error.what());
  } catch (...) {
    failed("without words");
  }
  throw Error(Code::internal, "not reached");
}

}  // namespace webai
