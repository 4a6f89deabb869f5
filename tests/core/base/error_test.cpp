#include <catch2/catch.hpp>

#include "webai/error.hpp"

using webai::Code;
using webai::Error;

TEST_CASE("an error reads as place, message, expectation, hint") {
  const Error error(Code::shape_mismatch, {.message = "the filter does not fit",
                                           .path = "/layers/2",
                                           .operation = "conv2d",
                                           .expected = "4 channels",
                                           .actual = "3 channels",
                                           .hint = "transpose the filter"});
  CHECK(std::string(error.what()) ==
        "/layers/2: conv2d: the filter does not fit (expected 4 channels, got 3 channels); transpose the filter");
  CHECK(error.code() == Code::shape_mismatch);
}

TEST_CASE("an error leaves out what is absent or said already") {
  CHECK(std::string(Error(Code::internal, "all is lost").what()) == "all is lost");
  const Error said(Code::shape_mismatch, {.message = "conv2d: filter expects 4 channels, input has 3",
                                          .operation = "conv2d",
                                          .expected = "4 channels",
                                          .actual = "3"});
  CHECK(std::string(said.what()) == "conv2d: filter expects 4 channels, input has 3");
  const Error half(Code::type_mismatch, {.message = "wrong type", .actual = "text"});
  CHECK(std::string(half.what()) == "wrong type (got text)");
  const Error layer(Code::invalid_model, {.message = "no size", .layer = "hidden"});
  CHECK(std::string(layer.what()) == "hidden: no size");
}

TEST_CASE("a place is added only where there was none, and copies share the text") {
  const Error bare(Code::not_found, "no such layer");
  const Error placed = bare.with_path("/pipes/0");
  CHECK(placed.path() == "/pipes/0");
  CHECK(std::string(placed.what()) == "/pipes/0: no such layer");
  CHECK(placed.code() == Code::not_found);
  CHECK(placed.with_path("/elsewhere").path() == "/pipes/0");
  CHECK(bare.path().empty());
  const Error copy = placed;
  CHECK(copy.what() == placed.what());
}

TEST_CASE("every code has its name") {
  CHECK(webai::code_name(Code::invalid_argument) == "INVALID_ARGUMENT");
  CHECK(webai::code_name(Code::limit_exceeded) == "LIMIT_EXCEEDED");
  CHECK(webai::code_name(Code::out_of_memory) == "OUT_OF_MEMORY");
  CHECK(webai::code_name(Code::host_error) == "HOST_ERROR");
  CHECK(webai::code_name(Code::internal) == "INTERNAL");
  CHECK(webai::code_name(static_cast<Code>(-23)) == "UNKNOWN");
  CHECK(webai::code_name(static_cast<Code>(0)) == "UNKNOWN");
}
