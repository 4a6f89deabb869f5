// Networks whose weights stand in a file beside the model.
#include <catch2/catch.hpp>

#include <filesystem>
#include <fstream>

#include "support/folder.h"
#include "webai/webai.hpp"

using namespace webai;
using namespace webai::test;
namespace fs = std::filesystem;

namespace {

Error load_error(const std::string& path) {
  try {
    NeuralNetwork::load(path);
  } catch (const Error& error) {
    return error;
  }
  FAIL("nothing was thrown");
  throw 0;
}

constexpr std::string_view stored_model = R"({"layers": [4, 8, 3], "activation": "tanh", "seed": 5})";

}  // namespace

TEST_CASE("A-63 a network is saved with its weights in a file beside it, and loads from there") {
  const Folder folder;
  NeuralNetwork net = NeuralNetwork::from_json(stored_model);
  const auto before = net.run({1, 2, 3, 4}).values();
  net.save(folder.at("m.json"), {.setup_data_as = "file"});
  const std::string text = read_file(folder.at("m.json"));
  REQUIRE(text.size() < 300);
  REQUIRE(text.find(R"("file":"m.weights")") != std::string::npos);
  REQUIRE(fs::file_size(folder.at("m.weights")) == (4 * 8 + 8 + 8 * 3 + 3) * 4);

  NeuralNetwork again = NeuralNetwork::load(folder.at("m.json"));
  REQUIRE(again.run({1, 2, 3, 4}).values() == before);
  // Training changes the network, not the file, and the file may go once the network is there.
  const auto data = Dataset::from({{{0, 0, 0, 1}, {0, 1, 0}}, {{1, 0, 0, 0}, {1, 0, 1}}});
  again.train(data, {.max_iterations = 3});
  REQUIRE(again.run({1, 2, 3, 4}).values() != before);
  REQUIRE(NeuralNetwork::load(folder.at("m.json")).run({1, 2, 3, 4}).values() == before);
  fs::resize_file(folder.at("m.weights"), 8);
  again.run({1, 2, 3, 4});

  // The text alone holds the weights unless told otherwise.
  REQUIRE(NeuralNetwork::from_json(again.to_json()).run({1, 2, 3, 4}).values() == again.run({1, 2, 3, 4}).values());
  REQUIRE(again.to_json({.setup_data_as = "given"}).find("file") == std::string::npos);
  REQUIRE_THROWS_AS(again.to_json({.setup_data_as = "file"}), Error);
  REQUIRE_THROWS_AS(again.export_model({.to = "c", .setup_data_as = "file"}), Error);
  REQUIRE_THROWS_AS(again.export_model({.setup_data_as = "file", .setup_file = "../m"}), Error);

  // Minified, and into a folder of its own.
  fs::create_directory(folder.at("w"));
  again.save(folder.at("n.json"), {.setup_data_as = "file", .setup_file = "w/n.bin"});
  REQUIRE(NeuralNetwork::load(folder.at("n.json")).run({1, 2, 3, 4}).values() == again.run({1, 2, 3, 4}).values());
  Tensor bytes;
  const std::string small = again.export_model({.setup_data_as = "file", .optimize = "minify"}, nullptr, &bytes);
  NetworkOptions options;
  options.weights = [&](const std::string& name) {
    REQUIRE(name == "model.weights");
    return bytes;
  };
  REQUIRE(NeuralNetwork::from_json(small, options).run({1, 2, 3, 4}).values() == again.run({1, 2, 3, 4}).values());
}

TEST_CASE("A-63 weights never take the place of the model that names them") {
  const Folder folder;
  const NeuralNetwork net = NeuralNetwork::from_json(stored_model);
  REQUIRE_THROWS_AS(net.save(folder.at("m.weights"), {.setup_data_as = "file"}), Error);
  REQUIRE_THROWS_AS(net.save(folder.at("m.json"), {.setup_data_as = "file", .setup_file = "m.json"}), Error);
  REQUIRE(fs::is_empty(folder.path));
}

TEST_CASE("A-63 files of weights that are gone, cut, changed or links are told with the model's file") {
  const Folder folder;
  const std::string path = folder.at("m.json"), weights = folder.at("m.weights");
  NeuralNetwork::from_json(stored_model).save(path, {.setup_data_as = "file"});
  const std::string good = read_file(weights);
  const auto write = [&](const std::string& text) { write_file(weights, std::as_bytes(std::span(text))); };

  write(good.substr(0, 100));
  Error error = load_error(path);
  CHECK(error.reason() == "SETUP_FILE");
  CHECK(error.path() == path + ": /setup/data");
  CHECK(error.actual() == "100");

  std::string changed = good;
  changed[7] ^= 1;
  write(changed);
  error = load_error(path);
  CHECK(error.reason() == "SETUP_FILE");
  CHECK(std::string(error.what()).find("not the one that the model was written with") != std::string::npos);

  fs::remove(weights);
  CHECK(load_error(path).code() == Code::not_found);
  std::ofstream(folder.at("elsewhere"), std::ios::binary) << good;
  fs::create_symlink(folder.at("elsewhere"), weights);
  CHECK(load_error(path).code() == Code::denied);
  fs::remove(weights);
  write(good);
  NeuralNetwork::load(path);

  // A text by itself has no folder.
  try {
    NeuralNetwork::from_json(read_file(path));
    FAIL("nothing was thrown");
  } catch (const Error& alone) {
    CHECK(alone.code() == Code::denied);
  }
}
