// Layer types for tokens of texts.
#include "core/model/layer_builder.h"
#include "core/op/term.h"

namespace webai {
namespace {

// Row i of the table for each number i: [..., n] -> [..., n, outputDim].
Ref build_embedding(LayerBuilder& layer) {
  const std::int64_t rows = layer.property("inputDim") ? layer.integer("inputDim") : layer.vocabulary();
  if (rows == 0)
    layer.fail(Code::invalid_model, "PROPERTY_MISSING", "how many different numbers come in is not known",
               "give \"inputDim\", or a vocabulary in io.input.normalize", {}, "\"inputDim\"", "nothing");
  const std::int64_t width = layer.integer("outputDim");
  const double countable = layer.type() == DType::fp16 ? 2048 : layer.type() == DType::bf16 ? 256 : 16777216;
  if (layer.type() != DType::fp64 && static_cast<double>(rows) > countable)
    layer.fail(Code::invalid_model, "EMBEDDING_RANGE",
               std::string(name_of(layer.type())) + " counts to " + std::to_string(static_cast<std::int64_t>(countable)) + " only",
               "a wider \"dataType\"", "inputDim");
  const Ref table = layer.parameter(
      {.name = "weights", .shape = {rows, width}, .start = Initial::uniform(rows, width), .takes_pipe = true});
  const Ref index = layer.emit("cast", {layer.input()}, {{"type", "i32"}});
  if (!layer.is_piped("weights")) return layer.emit("gather", {table, index});
  // Each sample brings a table of its own: a one and zeros choose the row, as gather does where numbers lie outside.
  Term number = Term(layer.builder(), index).apply("cast", {{"type", std::string(name_of(layer.type()))}});
  const double count = static_cast<double>(rows);
  number = Term(layer.builder(), layer.emit("where", {number.apply("less", number.number(0)), number + count, number}));
  number = number.apply("clip", {{"min", 0.0}, {"max", count - 1}});
  const Ref chosen = layer.emit("oneHot", {number.apply("cast", {{"type", "i32"}})},
                                {{"depth", rows}, {"type", std::string(name_of(layer.type()))}});
  const Shape dims = layer.input_dims();
  const Ref flat = layer.reshaped(chosen, Shape{dims.elements(), rows});
  return layer.reshaped(layer.emit("matmul", {flat, table}), dims.inserted(dims.rank(), width));
}

constexpr PropertyDef embedding_properties[] = {
    {.name = "inputDim",
     .kind = PropertyKind::count,
     .doc = "how many different numbers come in: 0 to inputDim - 1; without it as many as the vocabulary in io.input has"},
    {.name = "outputDim", .kind = PropertyKind::count, .doc = "numbers that stand for each of them", .required = true},
};
constexpr ParameterDef embedding_parameters[] = {{"weights", "[inputDim, outputDim]"}};

constexpr LayerDef text_definitions[] = {
    {.name = "embedding",
     .doc = "A learned row of numbers for each whole number: [..., n] becomes [..., n, outputDim].",
     .properties = embedding_properties,
     .parameters = embedding_parameters,
     .build = build_embedding},
};

}  // namespace

std::span<const LayerDef> text_layers() { return text_definitions; }

}  // namespace webai
