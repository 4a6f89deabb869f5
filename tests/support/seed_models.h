// The models among the proposal's examples, in the spelling of each of its versions (S2 is the oldest, S0 the newest, P the
// author's own first ones), with slips of syntax mended. They are JSON5: comments, bare keys, single quotes.
#pragma once

#include <string>
#include <vector>

namespace webai::test {

struct SeedModel {
  const char* id;
  const char* version;
  const char* text;
  bool defined = false;  ///< needs the operations of EX-10 to EX-15
};

inline const std::vector<SeedModel>& seed_models() {
  static const std::vector<SeedModel> all = {
      {"EX-01", "S1 S2", R"({ domain: 'core', dataType: 'fp16', minMops: 300, activation: "tanh",
          layers: [8, 14, 8], // [ inputs, ... hidden ... , outputs ]
          setup: { data: '' } })"},
      {"EX-02", "S3", R"({ domain: 'core', dataType: 'fp16', minMops: 300, activation: "tanh",
          io: { input: { normalize: { type: "rescale-linear", from: [0, 255], to: [0, 1] } },
                output: { denormalize: { type: "one-hot-to-label", labels: ["cat", "dog"] } } },
          layers: [8, 14, 8], setup: { data: '' } })"},
      {"EX-03", "S0", R"({ domain: 'core', dataType: 'fp16', minMops: 300, activation: "tanh",
          io: { input: { normalize: { type: "rescale-linear", from: [0, 255], to: [0, 1] } },
                output: { denormalize: { type: "one-hot-to-label", labels: ["cat", "dog"] } } },
          layers: [784, 128, 10], setup: { data: '' } })"},
      {"EX-05", "S1 S3", R"({ dataType: 'u8', activation: "tanh", layers: [
          { name: "input", size: 8 },
          8, // regular layer with 8 neurons
          10,
          { size: 4, pipes: [ { activation: "isrlu", size: 16, to: ['input', 1] } ] } ], })"},
      {"EX-05", "S2", R"({ dataType: 'u8', activation: "tanh", layers: [
          { name: "input", count: 8 }, 8, 10,
          { count: 4, pipes: [ { activation: "isrlu", count: 16, to: ['input', 1] } ] } ], })"},
      {"EX-05", "P", R"({ dataType: 'u8', activation: "tanh", layers: [
          { name: "input", count: 8 }, 8, 10,
          { count: 4, pipe: [ { activation: "isrlu", count: 16, toLayers: ['input', 1] } ] } ], })"},
      {"EX-06", "S1 S3", R"({ dataType: 'fp32', activation: "tanh", layers: [
          { name: 'input', pipes: [ { name: 'rgb', size: 3, history: 2, historyTo: ['input'] },
                                    { name: 'coordinates', size: 2 } ] },
          { connections: "all-to-all", type: "gru", size: 3 }, 18, 3 ], })"},
      {"EX-06", "S2", R"({ dataType: 'fp32', activation: "tanh", layers: [
          { name: 'input', pipes: [ { name: 'rgb', count: 3, history: 2, historyTo: ['input'] },
                                    { name: 'coordinates', count: 2 } ] },
          { connections: "all-to-all", type: "gru", count: 3 }, 18, 3 ], })"},
      {"EX-07", "S0", R"({ dataType: 'fp32', activation: "tanh", layers: [
          { name: 'input', size: 3, history: 2, historyTo: ['input'] }, { type: "gru", size: 3 }, 18, 3 ], })"},
      {"EX-08", "S1 S3", R"({ dataType: 'u8', activation: 'relu', layers: [ 8, 8,
          { type: "net", net: { dataType: 'u8', activation: 'relu', layers: [8, 8, 8], setup: { data: '', instructions: '' } } },
          { type: "net", net: { dataType: 'u8', activation: 'relu', layers: [8, 8, 8], setup: { data: '', instructions: '' } } } ], })"},
      {"EX-08", "S2", R"({ dataType: 'u8', layers: [ 8, 8,
          { type: "net", net: { dataType: 'u8', layers: [8, 8, 8], setup: { data: '', instructions: '' } } },
          { type: "net", net: { dataType: 'u8', layers: [8, 8, 8], setup: { data: '', instructions: '' } } } ], })"},
      {"EX-09", "S0 S3", R"({ layers: [ { type: "iterator", steps: { from: 999, to: 0, step: -1 },
          state: [ { name: "x", pipeFrom: "initial_noise", size: 2 } ],
          net: { layers: [ { name: "x_input", pipeFrom: "x" }, { name: "t_input", pipeFrom: "iterator:step" },
            { type: "net", net: { layers: [ { pipes: [ { name: "x_input", size: 2 }, { name: "t_input", size: 1 } ] }, 2 ] },
              to: "predicted_noise" },
            { type: "ddpmUpdateStep", noise: "predicted_noise", to: "x" } ] } } ] })"},
      {"EX-14", "S3", R"({ domain: 'custom-domain', dataType: 'fp32', layers: [
          { name: "input", pipes: [ { name: "A", size: 30, to: 'add_op.a' }, { name: "B", size: 30, to: 'add_op.b' } ] },
          { name: "add_op", type: 'addIfAbove', a: 'add_op.a', b: 'add_op.b', value: 0 },
          { type: 'onlyLowerThan', value: 50 }, 30 ] })", true},
      {"EX-14", "S1", R"({ domain: 'custom-domain', dataType: 'fp32', layers: [
          { name: "input", pipes: [ { name: "A", size: 30, to: ['addIfAboveInputA'] }, { name: "B", size: 30, to: ['addIfAboveInputB'] } ] },
          { type: 'addIfAbove', a: 'addIfAboveInputA', b: 'addIfAboveInputB', value: 0 },
          { type: 'onlyLowerThan', value: 50 }, 30 ] })", true},
      {"EX-14", "S2", R"({ domain: 'custom-domain', dataType: 'fp32', layers: [
          { name: "input", pipes: [ { name: "A", count: 30, to: ['addIfAboveInputA'] }, { name: "B", count: 30, to: ['addIfAboveInputB'] } ] },
          { type: 'addIfAbove', a: 'addIfAboveInputA', b: 'addIfAboveInputB', value: 0 },
          { type: 'onlyLowerThan', value: 50 }, 30 ] })", true},
      {"EX-15", "S0", R"({ domain: 'custom-domain', dataType: 'fp32', layers: [
          { name: "input", size: 30 }, { type: 'neurons', size: 15 }, { type: 'neurons', size: 30 } ] })", true},
      {"EX-26", "P", R"({"activation": "tanh", "layers": [8, 14, 9]})"},
      {"EX-26", "P with setupData", R"({"activation": "tanh", "layers": [8, 14, 9], "setupData": "ISEhIEhlbGxvIHdlYiBNTCAhISE="})"},
  };
  return all;
}

}  // namespace webai::test
