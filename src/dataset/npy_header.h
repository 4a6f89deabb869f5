// The header of an .npy file: a Python dictionary in one line of text.
#pragma once

#include "dataset/bytes.h"

namespace webai {

struct NpyHeader {
  DType type = DType::fp32;
  bool swapped = false;  // the elements are in the other machine's byte order
  bool fortran = false;  // the first index runs fastest
  Shape shape;
};

/// Reads up to the first element. Throws INVALID_ARGUMENT or UNSUPPORTED with the place.
NpyHeader read_npy_header(ByteReader& file);
/// The type as a header writes it, such as "<f4".
std::string npy_type_text(DType type);

}  // namespace webai
