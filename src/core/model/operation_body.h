// Operations as JSON alone: descriptions, and bodies that compose known operations. Private to core/model.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/model/definitions.h"
#include "core/model/vocabulary.h"
#include "webai/error.hpp"

namespace webai {

struct BodyOptions {
  std::string domain = {};  ///< of an operation that names none
  std::string path = {};    ///< of the operation in its document
  std::span<const std::shared_ptr<const UserOperation>> local = {};  ///< that the document defined before it; the last of a name counts
  std::size_t outer = 0;  ///< how many of them are of the models around an inner one: their names may be taken again
};

/// Throws INVALID_MODEL, NOT_FOUND, LIMIT_EXCEEDED with the place in the document. Not kept anywhere yet.
std::shared_ptr<UserOperation> operation_from_json(const Context& context, const Registry& registry, const Json& given,
                                                   const BodyOptions& options, AliasLog& aliases);

/// The description in today's words. Throws ALIAS_CONFLICT; what is of a wrong kind is left to the reader.
Json canonical_operation(const Json& given, const std::string& path, AliasLog& aliases);

/// What readers of descriptions share: refusing with a place, keys of an object, its texts that are not empty.
[[noreturn]] void refuse_description(Code code, std::string reason, std::string path, std::string message,
                                     std::string hint);
void check_description(const Json& object, std::string_view owner, const std::string& path,
                       const std::vector<std::string_view>& known);
std::string description_text(const Json& object, std::string_view key, const std::string& path, bool required);

}  // namespace webai
