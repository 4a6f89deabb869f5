// Everything a file or a list can have wrong ends in one error that says where, and never in a crash.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>
#include <random>

#include "support.h"

using namespace webai;
using namespace webai::test;

namespace {

/// Damaged headers ask for gigabytes: what is checked is that they do not get them.
Context small_context() {
  Limits limits;
  limits.tensor_bytes = 1 << 20;
  limits.host_bytes = 4 << 20;
  return make_context(limits);
}

Error csv_error(const std::string& text, CsvOptions options = {}) {
  return error_of([&] { Dataset::csv(file("t.csv", text), std::move(options)); });
}

Error idx_error(const std::string& images, const std::string& labels) {
  return error_of([&] {
    read_epoch(small_context(), Dataset::idx(file("images", images), file("labels", labels), {.cache_bytes = 1 << 16}));
  });
}

std::string npy_text(const std::string& dictionary, const std::string& data = {}) {
  std::string text("\x93NUMPY\1\0", 8);
  text += static_cast<char>(dictionary.size() & 255);
  text += static_cast<char>(dictionary.size() >> 8);
  return text + dictionary + data;
}

Error npy_error(const std::string& text) {
  return error_of([&] { read_npy(small_context(), file("t.npy", text)); });
}

}  // namespace

TEST_CASE("a word among the numbers of a CSV is named with its place") {
  const Error error = csv_error("a,b,c\n1,2,3\n4,abc,6\n");
  CHECK(error.code() == Code::invalid_argument);
  CHECK(error.path() == "t.csv:3:3");
  CHECK(error.expected() == "a number");
  CHECK(error.actual() == "\"abc\"");
  CHECK(std::string(error.what()) == "t.csv:3:3: column 2 (\"b\") holds text (expected a number, got \"abc\")");
}

TEST_CASE("each fault of a CSV has its text and place") {
  struct Case {
    const char* text;
    const char* place;
    const char* reason;
  };
  const Case cases[] = {
      {"1,2\n3,\n", "t.csv:2:3", "CSV_NUMBER"},         {"1,2\n,4\n", "t.csv:2:1", "CSV_NUMBER"},
      {"1,2\n3,4,5\n", "t.csv:2:5", "CSV_RAGGED"},      {"1,2\n3\n", "t.csv:2:1", "CSV_RAGGED"},
      {"1,2\nnan,4\n", "t.csv:2:1", "CSV_NUMBER"},      {"1,2\n3,-inf\n", "t.csv:2:3", "CSV_NUMBER"},
      {"1,2\n1e999,4\n", "t.csv:2:1", "CSV_NUMBER"},    {"1,2\n3 3,4\n", "t.csv:2:1", "CSV_NUMBER"},
      {"1,2\n0x10,4\n", "t.csv:2:1", "CSV_NUMBER"},     {"1,2\n\"3,4\n5,6\n", "t.csv:2:1", "CSV_QUOTE"},
      {"1,2\n\"3\"x,4\n", "t.csv:2:4", "CSV_QUOTE"},    {"1,2\n+-3,4\n", "t.csv:2:1", "CSV_NUMBER"},
      {"\xc3\xa9\xc3\xa9,b\n1,2\n\xc3\xa9,x\n", "t.csv:3:1", "CSV_NUMBER"},
      {"1,2\n3,x\n", "t.csv:2:3", "CSV_NUMBER"},        {"\xefxy,2\n", "t.csv:1:1", "CSV_ENCODING"},
  };
  for (const Case& one : cases) {
    INFO(one.text);
    const Error error = csv_error(one.text);
    CHECK(error.path() == one.place);
    CHECK(error.reason() == one.reason);
    CHECK_FALSE(error.message().empty());
  }
  CHECK(csv_error("").reason() == "EMPTY_DATASET");
  CHECK(csv_error("\n\n").reason() == "EMPTY_DATASET");
  CHECK(csv_error("a,b\n").reason() == "EMPTY_DATASET");
  CHECK(csv_error("1\n2\n").reason() == "CSV_TARGET");
  CHECK(csv_error("1,2\n", {.target = {"3"}}).expected() == "a number from 1 to 2, or from the end from -1");
  CHECK(csv_error("1,2\n", {.target = {"0"}}).reason() == "CSV_TARGET");
  CHECK(csv_error("a,b\n1,2\n", {.target = {"c"}}).code() == Code::not_found);
  CHECK(csv_error("a,a,b\n1,2,3\n", {.target = {"a"}}).reason() == "CSV_TARGET");
  CHECK(csv_error("a,b\n1,x\n2,\n", {.target = {"b"}}).path() == "t.csv:3:3");
  CHECK(csv_error("a,b\n1,7\n2,x\n", {.target = {"b"}}).reason() == "CSV_NUMBER");
  CHECK_THROWS_AS(csv_error("1,2\n", {.delimiter = '"'}).message().empty() ? 0 : throw 0, int);
}

TEST_CASE("words in a column nobody named as target get the advice to name it") {
  const Error error = csv_error("l,kind\n1,setosa\n2,versicolor\n3,virginica\n4,setosa\n");
  CHECK(error.message() == "column 2 (\"kind\") holds 3 different words (setosa, versicolor, virginica)");
  CHECK(error.hint() == "name it as target=2 to have them turned into labels");
  CHECK(error.path() == "t.csv:2:3");
}

TEST_CASE("each fault of an IDX pair has its text") {
  const Pictures made = pictures(6, 2, 2, 3);
  CHECK(idx_error(made.images.substr(0, made.images.size() - 1), made.labels).reason() == "TRUNCATED");
  CHECK(idx_error(made.images, made.labels.substr(0, 10)).path() == "labels");
  CHECK(idx_error(made.images.substr(0, 3), made.labels).reason() == "TRUNCATED");
  CHECK(idx_error(made.images.substr(0, 9), made.labels).reason() == "TRUNCATED");
  CHECK(idx_error("", made.labels).reason() == "TRUNCATED");
  CHECK(idx_error("PK\3\4 and so on", made.labels).actual() == "50 4b 03 04");
  CHECK(idx_error(idx_text(7, {6}, "xxxxxx"), made.labels).reason() == "IDX_MAGIC");
  CHECK(idx_error(made.images + "x", made.labels).reason() == "IDX_LENGTH");
  CHECK(idx_error(made.images, made.labels + "x").reason() == "IDX_LENGTH");
  const Error count = idx_error(made.images, pictures(5, 1, 1, 3).labels);
  CHECK(count.code() == Code::shape_mismatch);
  CHECK(count.expected() == "6, as many as images has inputs");
  CHECK(count.actual() == "5 outputs");
  CHECK(idx_error(idx_text(8, {0, 2, 2}, ""), idx_text(8, {0}, "")).reason() == "EMPTY_DATASET");
  CHECK(idx_error(idx_text(8, {1, 2, 0}, ""), idx_text(8, {1}, "x")).reason() == "EMPTY_DATASET");
  constexpr std::uint32_t huge = 0xffffffff;
  CHECK(idx_error(idx_text(8, {1, huge, huge, huge}, ""), idx_text(8, {1}, "x")).code() == Code::limit_exceeded);
  CHECK(idx_error(idx_text(8, {huge, huge, huge, huge}, ""), idx_text(8, {huge}, "")).code() == Code::limit_exceeded);
  CHECK(idx_error(idx_text(8, {huge, 1}, "xx"), idx_text(8, {huge}, "xx")).reason() == "TRUNCATED");
  CHECK(idx_error(idx_text(8, {1, 65535, 65535}, "xx"), idx_text(8, {1}, "x")).code() != Code::internal);
  CHECK(idx_error(idx_text(8, {2, 1, 1, 1, 1, 1, 1, 1, 1}, "xx"), idx_text(8, {2}, "xx")).reason() == "RANK");
  const Error negative = idx_error(idx_text(8, {2, 1}, "xx"), idx_text(9, {2}, "\1\xff"));
  CHECK(negative.path() == "labels: sample 1");
  CHECK(negative.actual() == "-1");
  const Error nan = idx_error(idx_text(13, {2, 1}, std::string("\0\0\0\0\x7f\xc0\0\0", 8)), idx_text(8, {2}, "xx"));
  CHECK(nan.reason() == "NOT_FINITE");
  CHECK(nan.path() == "images: sample 1, value 0");
}

TEST_CASE("a label without a class is named with its file and place, also behind a shuffle and a map") {
  const auto refused = [](const Dataset& data, std::size_t classes) {
    return error_of([&] {
      BatchIterator iterator(small_context(), data, {.outputs = OutputForm::labels, .classes = classes});
      Block block;
      while (iterator.next(block, 1)) {
      }
    });
  };
  const Pictures made = pictures(6, 1, 1, 3);
  const Dataset idx = Dataset::idx(file("images", made.images), file("labels", std::string(made.labels)), {.cache_bytes = 0});
  const Error early = refused(idx, 2);
  CHECK(early.reason() == "LABEL");
  CHECK(early.path().starts_with("labels: sample "));
  CHECK(early.actual() == "2");
  CHECK(refused(Dataset::csv(file("t.csv", "x,y\n1,0\n2,1\n3,5\n4,1\n")), 2).path() == "t.csv:4");
  CHECK(refused(Dataset::csv(file("t.csv", "\"x\ny\",z\n1,0\n\"2\",1\n3,5\n")), 2).path() == "t.csv:5");
  const Dataset mapped = idx.map([](const Item& item) {
    Item other{item.input, Tensor(small_context(), item.output.type(), item.output.shape())};
    other.output.set(0, item.input.at(0) == 4 ? 7 : 0);  // picture 4
    return other;
  });
  CHECK(refused(mapped.shuffle(3), 3).path() == "sample 4");
}

#if WEBAI_WITH_ZLIB
TEST_CASE("damaged gzip is told from a file that ends early") {
  const Pictures made = pictures(200, 8, 8, 3);
  const std::string images = gzip(made.images);
  CHECK(idx_error(images.substr(0, images.size() / 2), made.labels).reason() == "TRUNCATED");
  CHECK(idx_error(images.substr(0, 2), made.labels).reason() == "TRUNCATED");
  std::string damaged = images;
  damaged[damaged.size() - 5] = static_cast<char>(damaged[damaged.size() - 5] ^ 1);  // the check of the contents
  CHECK(idx_error(damaged, made.labels).reason() == "GZIP");
  CHECK(idx_error(images + "rubbish", made.labels).reason() == "GZIP");
  CHECK(idx_error("\x1f\x8bnot gzip at all", made.labels).path() == "images");
}
#endif

TEST_CASE("each fault of an .npy header has its text") {
  const std::string good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  CHECK(npy_error(npy_text(good, "1234567")).reason() == "TRUNCATED");
  CHECK(npy_error("").reason() == "NPY_MAGIC");
  CHECK(npy_error("not an array at all").reason() == "NPY_MAGIC");
  CHECK(npy_error(std::string("\x93NUMPY\4\0\1\0", 10)).reason() == "NPY_VERSION");
  CHECK(npy_error(std::string("\x93NUMPY\2\0\xff\xff\xff\xff", 12)).code() == Code::limit_exceeded);
  for (const char* header :
       {"", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 1, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x", "{'descr': '<f4",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", "{'descr': '<f4', 'descr': '<f4'}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3)}"}) {
    INFO(header);
    CHECK(npy_error(npy_text(header)).reason() == "NPY_HEADER");
  }
  for (const char* type : {"<c8", "|O", "<U4", "<f16", "|S3", "<M8[ns]", "", "<"}) {
    const std::string header = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (2,)}";
    CHECK(npy_error(npy_text(header)).reason() == "NPY_TYPE");
  }
  CHECK(npy_error(npy_text("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}")).code() ==
        Code::unsupported);
  const std::string most = "9223372036854775807";
  for (const std::string& shape : {most + ",", most + "," + most, std::string("4294967296,4294967296,4294967296")}) {
    const std::string header = "{'descr': '<f8', 'fortran_order': False, 'shape': (" + shape + ")}";
    CHECK(npy_error(npy_text(header)).code() == Code::limit_exceeded);
    CHECK(error_of([&] { Dataset::npy(file("x", npy_text(header)), file("y", npy_text(good))); }).code() !=
          Code::internal);
  }
  CHECK(error_of([&] {
          Dataset::npy(file("x", npy_text("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", "1234")),
                       file("y", npy_text(good, "12345678")));
        }).reason() == "NPY_RANK");
}

TEST_CASE("ragged, empty and unfinished lists are refused with their place") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Error ragged = error_of([] { Dataset::from({{{0, 0}, {0}}, {{0, 1, 2}, {1}}}); });
  CHECK(ragged.code() == Code::shape_mismatch);
  CHECK(ragged.path() == "/1/input");
  CHECK(ragged.expected() == "2 values, as in the first sample");
  CHECK(error_of([] { Dataset::from({{{0, 0}, {0}}, {{0, 1}, {}}}); }).path() == "/1/output");
  CHECK(error_of([&] { Dataset::from({{{0, 0}, {0}}, {{0, nan}, {1}}}); }).path() == "/1/input/1");
  CHECK(error_of([] { Dataset::from({{{}, {0}}}); }).reason() == "EMPTY_SAMPLE");
  CHECK(error_of([] { Dataset::from(std::vector<Example>()); }).reason() == "EMPTY_DATASET");
  CHECK(error_of([] { Dataset::from(std::vector<Item>()); }).reason() == "EMPTY_DATASET");
  CHECK(error_of([] { Dataset::from([](std::size_t, Item&) { return false; }).size(); }).reason() == "EMPTY_DATASET");
  CHECK_THROWS_AS(Dataset::from(Dataset::ItemFunction()), Error);
  CHECK_THROWS_AS(Dataset().size(), Error);
  CHECK_THROWS_AS(Dataset::sample("xor").shuffle(0), Error);
  CHECK_THROWS_AS(Dataset::sample("xor").batch(0), Error);
  CHECK_THROWS_AS(Dataset::sample("xor").map({}), Error);
}

TEST_CASE("a number that is too large for the model's type is refused, not made infinite") {
  const Context context = make_context();
  const auto data = Dataset::from({{{1e38}, {0}}, {{1e39}, {0}}});
  for (const Dataset& version : {data, data.shuffle()}) {
    const Error error = error_of([&] { read_epoch(context, version); });
    CHECK(error.reason() == "RANGE");
    CHECK(error.actual() == "1e+39");
    CHECK_NOTHROW(BatchIterator(context, version, {.type = DType::fp64}));
  }
}

TEST_CASE("tensors and items that do not belong together are refused") {
  const Context context = make_context();
  const Tensor two(context, DType::fp32, Shape{2, 3}), three(context, DType::fp32, Shape{3});
  CHECK(error_of([&] { Dataset::from(two, three); }).reason() == "SAMPLE_COUNT");
  CHECK(error_of([&] { Dataset::from(two, Tensor(context, DType::fp32, Shape{})); }).reason() == "SAMPLE_COUNT");
  CHECK(error_of([&] { Dataset::from(Tensor(), Tensor()); }).reason() == "EMPTY_DATASET");
  Tensor infinite(context, DType::fp32, Shape{2, 2});
  infinite.set(3, std::numeric_limits<double>::infinity());
  CHECK(error_of([&] { Dataset::from(infinite, Tensor(context, DType::fp32, Shape{2})); }).path() ==
        "sample 1, value 1");
  const Item item{Tensor(context, DType::u8, Shape{2}), Tensor(context, DType::i32, Shape{})};
  CHECK(Dataset::from(std::vector<Item>{item, item}).output_kind() == OutputKind::label);
  const Item other{Tensor(context, DType::fp32, Shape{2}), Tensor(context, DType::i32, Shape{})};
  const Error type = error_of([&] { Dataset::from(std::vector<Item>{item, other}); });
  CHECK(type.code() == Code::type_mismatch);
  CHECK(type.path() == "/1");
  CHECK(error_of([&] { Dataset::from(std::vector<Item>{Item{}}); }).reason() == "EMPTY_SAMPLE");
}

TEST_CASE("a context without enough memory says so and keeps nothing") {
  const Pictures made = pictures(1000, 10, 10, 3);
  Limits limits;
  limits.host_bytes = 20'000;
  const Context context = make_context(limits);
  const auto data = Dataset::idx(file("x", made.images), file("y", made.labels)).shuffle();
  CHECK(error_of([&] { read_epoch(context, data); }).code() == Code::limit_exceeded);
  CHECK(context.allocated_bytes() == 0);
}

TEST_CASE("thousands of damaged files end in an error or in samples") {
  const Context context = small_context();
  std::mt19937 random(1);  // its bits are fixed by the standard
  const auto damaged = [&](std::string text) {
    const auto at = [&] { return random() % text.size(); };
    for (std::uint32_t changes = random() % 4 + 1; changes > 0 && !text.empty(); --changes) {
      switch (random() % 5) {
        case 0: text[at()] = static_cast<char>(random()); break;
        case 1: text[at()] = static_cast<char>(text[at()] ^ (1 << random() % 8)); break;
        case 2: text.resize(at()); break;
        case 3: text.insert(at(), 1, "\0\xff,\"\n-9e'({"[random() % 11]); break;
        default: text.erase(at(), random() % 8 + 1); break;
      }
    }
    return text;
  };
  const Pictures made = pictures(9, 3, 3, 3);
  const std::string csv = "a,b,kind\n1,2.5,x\n3,-4e1,\"y \"\"z\"\"\"\r\n5,6,x\n";
  const std::string npy = npy_text("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }", std::string(16, '\0'));
  const std::string labels = npy_text("{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }", "\1\2");
#if WEBAI_WITH_ZLIB
  const std::string gz = gzip(made.images);
#else
  const std::string& gz = made.images;
#endif
  int errors = 0, successes = 0;
  const auto attempt = [&](auto&& make) {
    try {
      const Dataset data = make();
      BatchIterator iterator(context, data.take(1000), {});
      Block block;
      while (iterator.next(block, 64)) {
      }
      ++successes;
    } catch (const Error& error) {
      CHECK_FALSE(std::string(error.what()).empty());
      CHECK(error.code() != Code::internal);
      ++errors;
    }
  };
  const FileOptions small{.cache_bytes = 1 << 20};
  for (int i = 0; i < 1000; ++i) {
    attempt([&] { return Dataset::idx(file("x", damaged(made.images)), file("y", made.labels), small); });
    attempt([&] { return Dataset::idx(file("x", made.images), file("y", damaged(made.labels)), small); });
    attempt([&] { return Dataset::idx(file("x", damaged(gz)), file("y", made.labels), small); });
    attempt([&] {
      return Dataset::csv(file("t", damaged(csv)), {.target = {"kind"}, .cache_bytes = static_cast<unsigned>(i) % 2});
    });
    attempt([&] { return Dataset::npy(file("x", damaged(npy)), file("y", labels), small); });
    try {
      read_npy(context, file("x", damaged(npy)));
    } catch (const Error& error) {
      CHECK(error.code() != Code::internal);
    }
  }
  CHECK(errors > 1000);
  CHECK(successes > 100);
}
