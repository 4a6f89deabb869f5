// A network of characters against trigrams: held-out perplexity of gated recurrent units that learn a text, beside that of
// interpolated trigrams counted on the same text.
//
//   bench_text [--units 128] [--epochs 12] [--rate 0.008] [--threads 0] [--save MODEL.json] FILE...
//
// Every tenth block of 2,000 characters is held out.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "webai/webai.hpp"

namespace {

struct Split {
  std::string learn, test, vocabulary;
};

// Characters are bytes of printable ASCII and line ends; all else becomes a question mark.
Split split(const std::vector<std::string>& files) {
  std::string text;
  for (const std::string& file : files) text += webai::read_file(file) + "\n";
  std::set<char> seen;
  for (char& c : text) {
    if (c != '\n' && (c < ' ' || c > '~')) c = '?';
    seen.insert(c);
  }
  Split parts;
  parts.vocabulary.assign(seen.begin(), seen.end());
  constexpr std::size_t block = 2000;
  for (std::size_t at = 0, index = 0; at < text.size(); at += block, ++index)
    (index % 10 == 9 ? parts.test : parts.learn) += text.substr(at, block);
  return parts;
}

/// Trigrams whose shares are interpolated with those of pairs, single characters and the uniform share, each by how often
/// its context was followed by something new (Witten and Bell).
class Trigrams {
 public:
  Trigrams(std::string_view text, std::size_t characters) : characters_(characters) {
    for (std::size_t i = 0; i < text.size(); ++i)
      for (std::size_t order = 0; order <= std::min<std::size_t>(2, i); ++order) {
        Followers& followers = contexts_[std::string(text.substr(i - order, order))];
        ++followers.count[text[i]];
        ++followers.total;
      }
  }
  double perplexity(std::string_view text) const {
    double sum = 0;
    for (std::size_t i = 0; i < text.size(); ++i) sum -= std::log(share(text.substr(i - std::min<std::size_t>(2, i), std::min<std::size_t>(2, i)), text[i]));
    return std::exp(sum / static_cast<double>(text.size()));
  }

 private:
  struct Followers {
    std::map<char, double> count;
    double total = 0;
  };
  double share(std::string_view context, char next) const {
    const double shorter = context.empty() ? 1.0 / static_cast<double>(characters_) : share(context.substr(1), next);
    const auto known = contexts_.find(std::string(context));
    if (known == contexts_.end()) return shorter;
    const Followers& followers = known->second;
    const auto counted = followers.count.find(next);
    const double kinds = static_cast<double>(followers.count.size());
    return ((counted == followers.count.end() ? 0 : counted->second) + kinds * shorter) / (followers.total + kinds);
  }
  std::size_t characters_;
  std::map<std::string, Followers> contexts_;
};

std::string model_of(const std::string& vocabulary, const std::string& units) {
  const std::string letters = webai::write_json(webai::Json::text(vocabulary));
  return R"({"layers": [{"type": "input", "size": )" + std::to_string(vocabulary.size()) + R"(}, {"type": "gru", "size": )" + units +
         R"(}, {"size": )" + std::to_string(vocabulary.size()) + R"(, "activation": "softmax"}],
    "io": {"input": {"normalize": {"type": "lookup", "vocabulary": )" + letters + R"(, "oneHot": true}}, "output": {"denormalize": "lookup"}}})";
}

int run(int argc, char** argv) {
  std::string units = "128", save;
  std::uint64_t epochs = 12, threads = 0;
  double rate = 0.008;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with("--")) {
      files.push_back(word);
    } else if (++i == argc) {
      return std::fprintf(stderr, "%s needs a value\n", word.c_str()), 2;
    } else if (word == "--units") {
      units = argv[i];
    } else if (word == "--epochs") {
      epochs = std::strtoull(argv[i], nullptr, 10);
    } else if (word == "--rate") {
      rate = std::strtod(argv[i], nullptr);
    } else if (word == "--threads") {
      threads = std::strtoull(argv[i], nullptr, 10);
    } else if (word == "--save") {
      save = argv[i];
    } else {
      return std::fprintf(stderr, "there is no option %s\n", word.c_str()), 2;
    }
  }
  if (files.empty()) return std::fprintf(stderr, "usage: bench_text [--units N] [--epochs N] [--rate R] [--threads N] [--save FILE] FILE...\n"), 2;
  const Split text = split(files);
  const double trigrams = Trigrams(text.learn, text.vocabulary.size()).perplexity(text.test);
  std::printf("%zu characters to learn from, %zu held out, %zu different ones\ntrigrams: perplexity %.3f\n", text.learn.size(), text.test.size(),
              text.vocabulary.size(), trigrams);

  const auto context = webai::Context::system({.threads = static_cast<std::size_t>(threads)});
  auto network = webai::NeuralNetwork::from_json(model_of(text.vocabulary, units), context, {.seed = 1});
  const auto learn = webai::Dataset::text(text.learn, 32), test = webai::Dataset::text(text.test, 16);
  webai::TrainOptions options;
  options.optimizer = "adam";
  options.learning_rate = rate;
  options.max_iterations = epochs;
  options.batch_size = 32;
  options.learning_rate_schedule = "cosine";

  const auto start = std::chrono::steady_clock::now();
  webai::TrainingSession session(network, learn, options);
  double best = 1e300;
  for (std::uint64_t shown = 0, more = 1; more;) {
    more = session.advance() ? 1 : 0;
    if (session.info().iterations == shown) continue;
    shown = session.info().iterations;
    const double perplexity = std::exp(network.verify(test).error);
    best = std::min(best, perplexity);
    std::printf("epoch %2llu: loss %.4f, held out %.3f, %.0f %% below the trigrams, %.0f s\n", static_cast<unsigned long long>(shown),
                session.info().error, perplexity, 100 * (1 - perplexity / trigrams),
                std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    std::fflush(stdout);
  }
  if (!save.empty()) network.save(save);
  network.reset();
  std::string said;
  for (const webai::StreamItem& item : network.run_stream(webai::Json::text("The "), {.generate = webai::GenerateOptions{.steps = 300, .temperature = 0.7, .seed = 1}}))
    said += item.token;
  std::printf("\nThe %s\n", said.c_str());
  return best <= 0.8 * trigrams ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "bench_text: %s\n", error.what()), 1;
  }
}
