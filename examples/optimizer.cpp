// A way of training of your own: the loop over batches and the update of the weights are the program's, gradients are
// the library's. This one is AdamW; it is called as the built-in ways are.
#include <webai/webai.hpp>
#include <cmath>
#include <iostream>
#include <map>

namespace {

struct Moments {
  std::vector<double> first, second;
};

// What to take from the weights, for each parameter.
webai::Gradients updates(webai::InternalModel& model, const webai::Gradients& gradients,
                         const webai::TrainOptions& options, std::map<std::string, Moments>& moments, int step) {
  const double beta1 = options.beta1, beta2 = options.beta2.value_or(0.999);
  const double epsilon = 1e-8, rate = options.learning_rate.value_or(0.001), decay = options.weight_decay.value_or(0.01);
  webai::Gradients result = gradients;
  for (auto& [name, gradient] : result.gradients) {
    const webai::Tensor weights = model.parameter(name);
    Moments& m = moments[name];
    m.first.resize(gradient.elements());
    m.second.resize(gradient.elements());
    webai::Tensor update = gradient.clone(model.context());
    for (std::size_t i = 0; i < gradient.elements(); ++i) {
      const double g = gradient.at(i);
      m.first[i] = beta1 * m.first[i] + (1 - beta1) * g;
      m.second[i] = beta2 * m.second[i] + (1 - beta2) * g * g;
      const double mean = m.first[i] / (1 - std::pow(beta1, step));
      const double square = m.second[i] / (1 - std::pow(beta2, step));
      update.set(i, rate * (mean / (std::sqrt(square) + epsilon) + decay * weights.at(i)));
    }
    gradient = update;
  }
  return result;
}

webai::TrainInfo train_adamw(webai::InternalModel& model, const webai::Dataset& data, const webai::TrainOptions& options,
                             webai::ControlSignal& control) {
  std::map<std::string, Moments> moments;
  webai::TrainInfo info;
  int step = 0;
  while (info.iterations < options.max_iterations) {
    double error = 0;
    std::uint64_t samples = 0;
    const bool finished = model.each_batch(data, info.iterations, options.batch_size, [&](const webai::Dataset& batch) {
      if (control.stopped()) return false;
      const webai::Gradients gradients = model.compute_gradients(batch);
      model.apply_gradients(updates(model, gradients, options, moments, ++step));
      error += gradients.error * static_cast<double>(gradients.samples);
      samples += gradients.samples;
      return true;
    });
    if (!finished) break;
    ++info.iterations;
    info.samples += samples;
    info.error = error / static_cast<double>(samples);
    webai::Progress news;
    news.iteration = info.iterations;
    news.error = info.error;
    news.epoch_end = true;
    control.progress(news);
    if (100 * info.error <= options.error_threshold) break;
  }
  return info;
}

}  // namespace

int main() {
  auto context = webai::Context::system();
  webai::define_train(context, {.name = "AdamW"}, train_adamw);
  const char* const model = R"({ "layers": [2, 8, 1], "activation": "tanh" })";
  webai::TrainOptions options{.max_iterations = 400, .learning_rate = 0.02};
  options.batch_size = 4;
  auto built_in = webai::NeuralNetwork::from_json(model, context), own = webai::NeuralNetwork::from_json(model, context);
  options.optimizer = "adamw";
  std::cout << "built-in: error " << built_in.train(webai::Dataset::sample("xor"), options).error << '\n';
  options.type = "AdamW";
  std::cout << "own:      error " << own.train(webai::Dataset::sample("xor"), options).error << '\n';
}
