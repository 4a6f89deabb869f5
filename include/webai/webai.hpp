// All of WebAI's C++ API.
#pragma once

#include "webai/algorithms.hpp"
#include "webai/context.hpp"
#include "webai/dataset.hpp"
#include "webai/dtype.hpp"
#include "webai/error.hpp"
#include "webai/files.hpp"
#include "webai/functions.hpp"
#include "webai/json.hpp"
#include "webai/network.hpp"
#include "webai/operation.hpp"
#include "webai/profile.hpp"
#include "webai/shape.hpp"
#include "webai/tensor.hpp"
#include "webai/training.hpp"
#include "webai/weights.hpp"
