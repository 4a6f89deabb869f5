// What the tests of operations that a program defines have in common.
#pragma once

#include <span>
#include <utility>

#include "support/contexts.h"
#include "webai/webai.hpp"

namespace webai::test {

/// What host functions are given.
using Numbers = std::span<const double>;

/// A context of one thread with a domain of the program's own.
inline Context with_domain(DomainDefinition domain = {.name = "mine", .default_data_type = "fp32"}) {
  Context context = one_thread();
  define_domain(context, std::move(domain));
  return context;
}

}  // namespace webai::test
