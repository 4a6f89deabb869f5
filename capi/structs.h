// Structs of the host that start with their size: read as zero-extended, refused when they say what nobody knows here.
#pragma once

#include <algorithm>
#include <cstring>

#include "capi/guard.h"

namespace webai::capi {

template <class Struct> struct ReadStruct {
  Struct value{};
  bool has_unknown_tail = false;
};

/// INVALID_ARGUMENT for a size that cannot be one. The unknown tail is left to the caller, who may have to take
/// something over before failing.
template <class Struct> ReadStruct<Struct> read_struct(const Struct* given, std::string_view name) {
  ReadStruct<Struct> result;
  if (!given) return result;
  constexpr std::uint32_t largest = 4096;  // no later version will be larger
  std::uint32_t size = 0;
  std::memcpy(&size, given, sizeof size);
  if (size < sizeof size || size > largest || size % sizeof size)
    throw Error(Code::invalid_argument, {.message = std::string(name) + ": struct_size is " + std::to_string(size),
                                         .reason = "STRUCT_SIZE",
                                         .path = std::string(name),
                                         .expected = std::to_string(sizeof(Struct)),
                                         .actual = std::to_string(size)});
  std::memcpy(&result.value, given, std::min<std::size_t>(size, sizeof(Struct)));
  const auto* const bytes = reinterpret_cast<const unsigned char*>(given);
  if (size > sizeof(Struct))
    result.has_unknown_tail = std::any_of(bytes + sizeof(Struct), bytes + size, [](unsigned char b) { return b != 0; });
  return result;
}

template <class Struct> void check_tail(const ReadStruct<Struct>& read, std::string_view name) {
  if (read.has_unknown_tail)
    refuse(Code::unsupported, "STRUCT_TAIL", std::string(name) + " has members that this version does not know");
}

}  // namespace webai::capi
