#include <catch2/catch.hpp>

#include <vector>

#include "core/base/names.h"

using webai::edit_distance;
using webai::nearest_name;

TEST_CASE("edit distance counts changes, additions, removals and swaps") {
  CHECK(edit_distance("relu", "relu") == 0);
  CHECK(edit_distance("relu", "rleu") == 1);
  CHECK(edit_distance("relu", "elu") == 1);
  CHECK(edit_distance("sigmoid", "sigmoyd") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("ReLU", "relu") == 1);
  CHECK(edit_distance(std::string(100, 'a'), std::string(99, 'a')) == 100);
}

TEST_CASE("the nearest name is found, and nothing is better than something far") {
  const std::vector<std::string> names{"sigmoid", "softmax", "softplus", "relu", "tanh"};
  CHECK(nearest_name("sigmod", names) == "sigmoid");
  CHECK(nearest_name("softmaxx", names) == "softmax");
  CHECK(nearest_name("Tanh", names) == "tanh");
  CHECK(nearest_name("ReLU", std::vector<std::string_view>{"celu", "elu", "relu", "selu"}) == "relu");
  CHECK(nearest_name("ELU", std::vector<std::string_view>{"celu", "elu"}) == "elu");
  CHECK(nearest_name("convolution", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name("x", std::vector<std::string_view>{"y"}).empty());
  CHECK(nearest_name("xz", std::vector<std::string_view>{"yz"}) == "yz");
}
