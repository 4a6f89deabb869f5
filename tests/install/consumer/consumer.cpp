// What a stranger's first program touches: a tensor over its own memory, and an error that says what was wrong.
#include <cstdio>
#include <webai/error.hpp>
#include <webai/tensor.hpp>

int main() {
  float numbers[6] = {1, 2, 3, 4, 5, 6};
  const auto tensor = webai::Tensor::wrap(numbers, webai::DType::fp32, {2, 3});
  if (tensor.rows(1, 2).at(2) != 6) return 1;
  try {
    (void)tensor.reshaped({4});
  } catch (const webai::Error& error) {
    std::puts(error.what());
    return error.code() == webai::Code::shape_mismatch ? 0 : 2;
  }
  return 3;
}
