// File formats that are well formed: what comes out is what went in.
#include <catch2/catch.hpp>

#include <cmath>
#include <numeric>

#include "support.h"

using namespace webai;
using namespace webai::test;

namespace {

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Dataset csv(const std::string& text, CsvOptions options = {}) {
  return Dataset::csv(file("t.csv", text), std::move(options));
}

}  // namespace

TEST_CASE("IDX is read the same plain, packed, in two members, kept or streamed") {
  const Context context = make_context();
  const Pictures made = pictures(40, 5, 4, 7);
  const Epoch plain = read_epoch(context, Dataset::idx(file("x", made.images), file("y", made.labels)));
  CHECK(plain.samples == 40);
  CHECK(plain.inputs[20 * 39 + 19] == 39 + 19);
  std::vector<std::string> versions{made.images};
#if WEBAI_WITH_ZLIB
  versions.push_back(gzip(made.images));
  versions.push_back(gzip(made.images.substr(0, 300)) + gzip(made.images.substr(300)) + std::string(100, '\0'));
#endif
  for (const std::string& images : versions) {
    for (const std::uint64_t cache : {std::uint64_t{0}, std::uint64_t{1} << 20}) {
      const auto data = Dataset::idx(file("x.gz", images), file("y", made.labels), {.cache_bytes = cache});
      BatchIterator iterator(context, data, {});
      CHECK(iterator.is_view() == (cache != 0));
      CHECK(read_epoch(iterator, 0, 64) == plain);
      CHECK(read_epoch(iterator, 1, 64) == plain);
      CHECK(read_epoch(context, data.shuffle(9), 4) ==
            read_epoch(context, Dataset::idx(file("x", made.images), file("y", made.labels)).shuffle(9), 4));
    }
  }
}

TEST_CASE("IDX knows all its element types") {
  const Context context = make_context();
  const std::string labels = idx_text(8, {1}, std::string(1, '\1'));
  const auto first = [&](int type, const std::string& element) {
    return read_epoch(context, Dataset::idx(file("x", idx_text(type, {1, 1}, element)), file("y", labels))).inputs.at(0);
  };
  CHECK(first(0x08, "\xff") == 255);
  CHECK(first(0x09, "\xff") == -1);
  CHECK(first(0x0b, "\xff\xfe") == -2);
  CHECK(first(0x0c, std::string("\0\1\0\0", 4)) == 65536);
  CHECK(first(0x0d, std::string("\x40\x20\0\0", 4)) == 2.5f);
  CHECK(first(0x0e, std::string("\xc0\x04\0\0\0\0\0\0", 8)) == -2.5f);
}

TEST_CASE("the decoded copy of a small file is kept, per context, and goes with the dataset") {
  const Context context = make_context(), other = make_context();
  const Pictures made = pictures(100, 10, 10, 3);
  int opened = 0;
  auto data = Dataset::idx({"x", [&] { ++opened; return std::make_unique<MemorySource>("x", made.images); }},
                           file("y", made.labels));
  for (int i = 0; i < 3; ++i) read_epoch(context, data.shuffle());
  CHECK(opened == 2);  // to describe it, and to decode it
  CHECK(context.allocated_bytes() >= 10'000);
  read_epoch(other, data.shuffle());
  CHECK(opened == 3);
  CHECK(other.allocated_bytes() == 0);
  data = Dataset();
  CHECK(context.allocated_bytes() == 0);
}

TEST_CASE("CSV takes headers, quotes, any line end, a byte order mark and blanks") {
  const Context context = make_context();
  const std::vector<float> expected{1, 2, 4, 5};
  const std::vector<double> outputs{3, 6};
  for (const std::string text :
       {"1,2,3\n4,5,6\n", "1,2,3\r\n4,5,6", "1,2,3\r4,5,6\r", "\xef\xbb\xbf" "1,2,3\n4,5,6\n", "a,b,c\n1,2,3\n\n4,5,6\n\n",
        "\"a \"\"x\"\"\",\"b\nb\",c\n\"1\",\"2\",3\n4,5,6\n", " 1 ,\t2, +3\n 4,5e0,.6e1\n"}) {
    const Epoch epoch = read_epoch(context, csv(text));
    CHECK(epoch.inputs == expected);
    CHECK(epoch.outputs == outputs);
  }
  CHECK(read_epoch(context, csv("1;2;3\n4;5;6", {.delimiter = ';'})).inputs == expected);
  CHECK(csv("x,y\n1,2\n").input_type() == DType::fp64);
  BatchIterator iterator(context, csv("0.1,7\n").take(1), {.type = DType::fp64});
  Block block;
  REQUIRE(iterator.next(block, 1));
  CHECK(static_cast<const double*>(block.inputs)[0] == 0.1);
}

TEST_CASE("CSV targets go by name, number, or number from the end") {
  const Context context = make_context();
  const std::string text = "a,b,c\n1,2,3\n4,5,6\n";
  const auto targets = [&](std::vector<std::string> target) {
    return read_epoch(context, csv(text, {.target = std::move(target)})).outputs;
  };
  CHECK(targets({"a"}) == std::vector<double>{1, 4});
  CHECK(targets({"2"}) == std::vector<double>{2, 5});
  CHECK(targets({"-1"}) == std::vector<double>{3, 6});
  CHECK(targets({"c", "1"}) == std::vector<double>{3, 1, 6, 4});
  CHECK(csv(text, {.target = {"c", "a"}}).input_shape() == Shape{1});
  const auto none = csv(text, {.has_target = false});
  CHECK(none.input_shape() == Shape{3});
  CHECK(none.output_shape() == Shape{0});
  CHECK(read_epoch(context, none).inputs.size() == 6);
}

TEST_CASE("words of a CSV target become labels in byte order") {
  const Context context = make_context();
  const std::string text = "l,w,kind\n1,2,virginica\n3,4,setosa\n5,6, virginica \n7,8,\"versi, color\"\n";
  for (const char* target : {"kind", "3", "-1"}) {
    const auto data = csv(text, {.target = {target}});
    CHECK(data.output_kind() == OutputKind::label);
    CHECK(data.labels() == std::vector<std::string>{"setosa", "versi, color", "virginica"});
    CHECK(data.class_count() == 3);
    CHECK(read_epoch(context, data).outputs == std::vector<double>{2, 0, 2, 1});
    CHECK(read_epoch(context, data.shuffle()).samples == 4);
    CHECK(data.describe() == "4 samples, input 2 fp64, label of 3 classes");
  }
  CHECK(csv("1,0\n2,2\n").class_count() == 3);
  CHECK(csv("1,0\n2,2.5\n").class_count() == std::nullopt);
}

TEST_CASE("what write_npy writes read_npy reads, for every type and rank") {
  const Context context = make_context();
  for (std::size_t i = 0; i < dtype_count; ++i) {
    const auto type = static_cast<DType>(i);
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0, 4}, Shape{2, 1, 3, 2}}) {
      Tensor tensor(context, type, shape);
      for (std::size_t k = 0; k < tensor.elements(); ++k) tensor.set(k, type == DType::boolean ? k % 2 : k);
      const auto bytes = write_npy(tensor);
      CHECK((bytes.size() - tensor.bytes()) % 64 == 0);
      const Tensor back = read_npy(context, file("t.npy", bytes));
      CHECK(back.shape() == shape);
      CHECK(back.type() == (type == DType::bf16 ? DType::u16 : type));
      REQUIRE(back.bytes() == tensor.bytes());
      CHECK((tensor.empty() || std::memcmp(back.data(), tensor.data(), back.bytes()) == 0));
    }
  }
  const std::string text = text_of(write_npy(Tensor(context, DType::fp32, Shape{2, 3})));
  CHECK(text.substr(10, 59) == "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
}

TEST_CASE("NumPy arrays of either byte order and either order of dimensions are read") {
  const Context context = make_context();
  const auto npy = [](const std::string& dictionary, const std::string& data, char version = 1) {
    std::string text("\x93NUMPY", 6);
    text += version;
    text += '\0';
    text += static_cast<char>(dictionary.size());
    text += '\0';
    if (version > 1) text += std::string(2, '\0');
    return text + dictionary + data;
  };
  const auto values = [&](const std::string& text) {
    const Tensor tensor = read_npy(context, file("t.npy", text));
    std::vector<double> all;
    for (std::size_t i = 0; i < tensor.elements(); ++i) all.push_back(tensor.at(i));
    return all;
  };
  const std::string elements = std::string("\0\1\0\2\0\3\0\4\0\5\0\6", 12);
  const std::vector<double> in_order{1, 2, 3, 4, 5, 6}, turned{1, 3, 5, 2, 4, 6};
  CHECK(values(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2, 3), }", elements)) == in_order);
  CHECK(values(npy("{\"shape\": (2, 3), 'descr':'>u2','fortran_order':True}\n", elements, 2)) == turned);
  CHECK(values(npy("{'descr': '>i2', 'fortran_order': True, 'shape': (6,)}", elements, 3)) == in_order);
  CHECK(values(npy("{'descr': '<f2', 'fortran_order': False, 'shape': ()}", std::string("\0\x40", 2))) ==
        std::vector<double>{2});
  // 2 x 3 x 2 in Fortran order: element (i, j, k) lies at i + 2 (j + 3 k).
  std::string cube;
  for (char i = 0; i < 12; ++i) cube += i;
  CHECK(values(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 2)}", cube)) ==
        std::vector<double>{0, 6, 2, 8, 4, 10, 1, 7, 3, 9, 5, 11});
  const std::string labels = npy("{'descr': '|i1', 'fortran_order': False, 'shape': (2,)}", "\1\2");
  const auto data = Dataset::npy(file("x.npy", npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}", elements)),
                                 file("y.npy", labels));
  for (const auto& version : {data, data.shuffle(1)}) {
    const Epoch epoch = read_epoch(context, version);
    CHECK(epoch.inputs == std::vector<float>{1, 3, 5, 2, 4, 6});
    CHECK(epoch.outputs == std::vector<double>{1, 2});
  }
  CHECK(data.class_count() == 3);
}

TEST_CASE("NumPy datasets stream as they are kept") {
  const Context context = make_context();
  Tensor inputs(context, DType::fp32, Shape{50, 3}), outputs(context, DType::fp64, Shape{50});
  for (std::size_t i = 0; i < 150; ++i) inputs.set(i, static_cast<double>(i));
  for (std::size_t i = 0; i < 50; ++i) outputs.set(i, 0.5 * static_cast<double>(i));
  const auto x = file("x.npy", write_npy(inputs)), y = file("y.npy", write_npy(outputs));
  const auto kept = Dataset::npy(x, y), streamed = Dataset::npy(x, y, {.cache_bytes = 10});
  CHECK(kept.output_shape() == Shape{1});
  CHECK(kept.output_kind() == OutputKind::values);
  CHECK(read_epoch(context, kept) == read_epoch(context, streamed));
  CHECK(read_epoch(context, kept.shuffle(7), 1) == read_epoch(context, streamed.shuffle(7), 1));
}

TEST_CASE("the built-in samples are what they say") {
  const Context context = make_context();
  const auto spirals = Dataset::sample("spirals");
  CHECK(spirals.describe() == "400 samples, input 2 fp32, label of 2 classes");
  const Epoch points = read_epoch(context, spirals);
  for (std::size_t i = 0; i < 400; ++i) CHECK(std::hypot(points.inputs[2 * i], points.inputs[2 * i + 1]) <= 1.0001);
  CHECK(std::accumulate(points.outputs.begin(), points.outputs.end(), 0.0) == 200);
  const auto sine = read_epoch(context, Dataset::sample("sine"));
  CHECK(sine.samples == 256);
  CHECK(sine.outputs[64] == Approx(std::sin(sine.inputs[64])));
  CHECK(sine.inputs.front() == -sine.inputs.back());
  const Error error = error_of([] { Dataset::sample("cosine"); });
  CHECK(error.code() == Code::not_found);
  CHECK(error.expected() == "xor, spirals, sine");
}

TEST_CASE("sources can be named by a line of text") {
  const Context context = make_context();
  const Pictures made = pictures(4, 2, 2, 2);
  const auto files = [&](const std::string& path) {
    if (path == "x") return file(path, made.images);
    if (path == "y") return file(path, made.labels);
    return file(path, std::string("p;q\n1;up\n2;down\n"));
  };
  CHECK(Dataset::open("sample:xor").size() == 4);
  CHECK(Dataset::open("idx:x,y", files).size() == 4);
  CHECK(Dataset::open("csv:t.csv?target=q&delimiter=;", files).labels() == std::vector<std::string>{"down", "up"});
  CHECK(Dataset::open("csv:what?.csv?target=2&delimiter=;", files).class_count() == 2);
  for (const char* wrong : {"", "xor", "sample", "idx:x", "idx:x,", "cvs:t.csv", "csv:t.csv?target", "csv:t?colour=red"}) {
    CHECK(error_of([&] { Dataset::open(wrong, files); }).reason() == "SOURCE_TEXT");
  }
  CHECK(error_of([&] { Dataset::open("cvs:t.csv", files); }).hint() == "did you mean \"csv:\"?");
  CHECK(error_of([] { Dataset::open("csv:/no/such/file.csv"); }).code() == Code::not_found);
}
