// The binary interface as numbers: constants, sizes and offsets on 64-bit systems whose long is 64 bits.
#include <cstddef>

#include "capi/support.h"

TEST_CASE("status codes and constants keep their numbers") {
  const std::pair<int, int> table[] = {{WEBAI_OK, 0},
                                       {WEBAI_PENDING, 1},
                                       {WEBAI_END, 2},
                                       {WEBAI_INVALID_ARGUMENT, -1},
                                       {WEBAI_INVALID_JSON, -2},
                                       {WEBAI_INVALID_MODEL, -3},
                                       {WEBAI_TYPE_MISMATCH, -4},
                                       {WEBAI_SHAPE_MISMATCH, -5},
                                       {WEBAI_NOT_FOUND, -6},
                                       {WEBAI_ALREADY_EXISTS, -7},
                                       {WEBAI_UNSUPPORTED, -8},
                                       {WEBAI_NOT_DIFFERENTIABLE, -9},
                                       {WEBAI_LIMIT_EXCEEDED, -10},
                                       {WEBAI_OUT_OF_MEMORY, -11},
                                       {WEBAI_BUSY, -12},
                                       {WEBAI_CANCELLED, -13},
                                       {WEBAI_TIMED_OUT, -14},
                                       {WEBAI_DEVICE_LOST, -15},
                                       {WEBAI_HOST_ERROR, -16},
                                       {WEBAI_SYMBOLIC, -17},
                                       {WEBAI_WRONG_CONTEXT, -18},
                                       {WEBAI_WRONG_THREAD, -19},
                                       {WEBAI_DENIED, -20},
                                       {WEBAI_SHUT_DOWN, -21},
                                       {WEBAI_INTERNAL, -22},
                                       {WEBAI_NULL, 0},
                                       {WEBAI_BOOL, 1},
                                       {WEBAI_NUMBER, 2},
                                       {WEBAI_STRING, 3},
                                       {WEBAI_LIST, 4},
                                       {WEBAI_MAP, 5},
                                       {WEBAI_TENSOR, 6},
                                       {WEBAI_FUNCTION, 7},
                                       {WEBAI_HOST, 8},
                                       {WEBAI_NETWORK, 9},
                                       {WEBAI_DATASET, 10},
                                       {WEBAI_STREAM, 11},
                                       {WEBAI_FUTURE, 12},
                                       {WEBAI_PROMISE, 13},
                                       {WEBAI_CANCEL, 14},
                                       {WEBAI_TAPE, 15},
                                       {WEBAI_ERROR, 16},
                                       {WEBAI_ANY_THREAD, 1},
                                       {WEBAI_PURE, 2},
                                       {WEBAI_SANDBOXED, 1},
                                       {WEBAI_DETERMINISTIC, 2},
                                       {WEBAI_PRIVACY, 4},
                                       {WEBAI_CPU, 1},
                                       {WEBAI_VULKAN, 2},
                                       {WEBAI_OPENCL, 4}};
  for (const auto& [constant, golden] : table) CHECK(constant == golden);
  CHECK(WEBAI_NUL_TERMINATED == ~std::size_t{0});
  CHECK(WEBAI_FOREVER == 0xffffffffu);
}

TEST_CASE("structs keep their layout") {
  static_assert(sizeof(void*) == 8 && sizeof(long) == 8, "the table is for LP64");
  const std::pair<std::size_t, std::size_t> table[] = {{sizeof(webai_str), 16},
                                                       {offsetof(webai_str, data), 0},
                                                       {offsetof(webai_str, size), 8},
                                                       {sizeof(webai_tensor_view), 48},
                                                       {offsetof(webai_tensor_view, data), 0},
                                                       {offsetof(webai_tensor_view, device_type), 8},
                                                       {offsetof(webai_tensor_view, device_id), 12},
                                                       {offsetof(webai_tensor_view, ndim), 16},
                                                       {offsetof(webai_tensor_view, type_code), 20},
                                                       {offsetof(webai_tensor_view, type_bits), 21},
                                                       {offsetof(webai_tensor_view, type_lanes), 22},
                                                       {offsetof(webai_tensor_view, shape), 24},
                                                       {offsetof(webai_tensor_view, strides), 32},
                                                       {offsetof(webai_tensor_view, byte_offset), 40},
                                                       {sizeof(webai_limits), 72},
                                                       {offsetof(webai_limits, struct_size), 0},
                                                       {offsetof(webai_limits, json_depth), 4},
                                                       {offsetof(webai_limits, rank), 8},
                                                       {offsetof(webai_limits, call_depth), 12},
                                                       {offsetof(webai_limits, json_bytes), 16},
                                                       {offsetof(webai_limits, host_bytes), 24},
                                                       {offsetof(webai_limits, device_bytes), 32},
                                                       {offsetof(webai_limits, tensor_bytes), 40},
                                                       {offsetof(webai_limits, nodes), 48},
                                                       {offsetof(webai_limits, run_steps), 56},
                                                       {offsetof(webai_limits, pending), 64},
                                                       {sizeof(webai_host), 88},
                                                       {offsetof(webai_host, struct_size), 0},
                                                       {offsetof(webai_host, dispatch_width), 4},
                                                       {offsetof(webai_host, user_data), 8},
                                                       {offsetof(webai_host, destroy), 16},
                                                       {offsetof(webai_host, alloc), 24},
                                                       {offsetof(webai_host, dealloc), 32},
                                                       {offsetof(webai_host, post), 40},
                                                       {offsetof(webai_host, dispatch), 48},
                                                       {offsetof(webai_host, log), 56},
                                                       {offsetof(webai_host, now), 64},
                                                       {offsetof(webai_host, entropy), 72},
                                                       {offsetof(webai_host, fetch), 80},
                                                       {sizeof(webai_config), 48},
                                                       {offsetof(webai_config, struct_size), 0},
                                                       {offsetof(webai_config, flags), 4},
                                                       {offsetof(webai_config, backends), 8},
                                                       {offsetof(webai_config, threads), 12},
                                                       {offsetof(webai_config, log_level), 16},
                                                       {offsetof(webai_config, has_seed), 20},
                                                       {offsetof(webai_config, seed), 24},
                                                       {offsetof(webai_config, limits), 32},
                                                       {offsetof(webai_config, host), 40},
                                                       {sizeof(webai_status), 4}};
  for (const auto& [value, golden] : table) CHECK(value == golden);
}

TEST_CASE("the library names its version and every status") {
  CHECK(webai_abi_version() == 0x10000);
  CHECK(std::string(webai_version()).find('.') != std::string::npos);
  CHECK(std::string(webai_status_name(WEBAI_OK)) == "OK");
  CHECK(std::string(webai_status_name(WEBAI_PENDING)) == "PENDING");
  CHECK(std::string(webai_status_name(WEBAI_END)) == "END");
  CHECK(std::string(webai_status_name(WEBAI_INVALID_ARGUMENT)) == "INVALID_ARGUMENT");
  CHECK(std::string(webai_status_name(WEBAI_INTERNAL)) == "INTERNAL");
  CHECK(std::string(webai_status_name(-23)) == "UNKNOWN");
  CHECK(std::string(webai_status_name(3)) == "UNKNOWN");
  CHECK(webai_get_proc("webai_x_nothing_1") == nullptr);
  CHECK(webai_get_proc(nullptr) == nullptr);
}
