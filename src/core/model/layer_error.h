// An error that names its layer, for what reads a model's layers and their targets.
#pragma once

#include <string>
#include <utility>

#include "core/model/model.h"
#include "webai/error.hpp"

namespace webai {

[[noreturn]] inline void fail(const Layer& layer, Code code, std::string reason, std::string path, std::string message,
                              std::string hint, std::string expected = {}, std::string actual = {}) {
  throw Error(code, {.message = std::move(message),
                     .reason = std::move(reason),
                     .path = std::move(path),
                     .layer = layer.name,
                     .expected = std::move(expected),
                     .actual = std::move(actual),
                     .hint = std::move(hint)});
}

}  // namespace webai
