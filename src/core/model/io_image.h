// Pictures of one size to those of another, in the words of operators. Private to core/model.
#pragma once

#include "core/model/io.h"
#include "core/op/term.h"

namespace webai {

/// Dimensions of what comes in for an input of size `dims`. Throws IO_SIZE unless that is a picture with as many
/// channels.
Shape picture_dims(const IoStep& step, const Shape& dims);

/// Cropped, resized and standardized: [batch, dims...].
Term pictured(Term x, const IoStep& step, const Shape& dims);

}  // namespace webai
