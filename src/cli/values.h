// Values that go into a run and come out of it: JSON, .npy, .csv and .png.
#pragma once

#include <string>

#include "webai/context.hpp"
#include "webai/shape.hpp"
#include "webai/tensor.hpp"

namespace webai::cli {

/// JSON text ("[1, 0]") or the name of a file, told by its ending. `wanted`: one sample of the input, for the channels
/// of a picture.
Tensor read_values(const Context& context, const std::string& source, const Shape& wanted);
/// Numbers in nested arrays; `place` names the text in errors.
Tensor values_from_json(const Context& context, const std::string& text, const std::string& place);
/// .npy or .json by the ending of the path; whole or not at all.
void write_values(const std::string& path, const Tensor& values);
/// Gray, RGB or RGBA as `wanted` needs, 0..255, as u8 of that shape.
Tensor read_png(const Context& context, const std::string& path, const Shape& wanted);
/// Every row of a table of numbers; a first row of words is a header.
Tensor read_csv(const Context& context, const std::string& path);

}  // namespace webai::cli
