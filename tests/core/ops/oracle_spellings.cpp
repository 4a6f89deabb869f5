// How PyTorch's names are spelled with our operators.
#include "oracle.h"

namespace webai::test {
namespace {

Term where(Term condition, Term a, Term b) { return {a.builder(), a.builder().emit("where", {condition, a, b})}; }
Term reshape(Term x, Integers shape) { return x.apply("reshape", {{"shape", std::move(shape)}}); }
Integers lengths(Term x) {
  Integers result;
  for (const Dimension dim : x.shape().dims()) result.push_back(dim.value());
  return result;
}
Term sum(Term x, Integers axes = {}, bool keep = false) {
  return x.apply("reduceSum", {{"axes", std::move(axes)}, {"keepDimensions", keep}});
}
/// Runs f on x with at least one dimension and puts the shape back: PyTorch takes axis 0 of a single number.
Term with_axis(Term x, const std::function<Term(Term)>& f) {
  return x.shape().rank() == 0 ? reshape(f(reshape(x, {1})), {}) : f(x);
}
Term reduced(Case& c, Term loss, const char* fallback = "mean") {
  const std::string reduction = c.text("reduction", fallback);
  if (reduction == "none") return loss;
  return reduction == "sum" ? sum(loss) : loss.apply("reduceMean");
}

Spelling unary(std::string name) {
  return [name](Case& c) { return std::vector<Term>{c.arg(0).apply(name)}; };
}
Spelling binary(std::string name) {
  return [name](Case& c) { return std::vector<Term>{c.arg(0).apply(name, c.arg(1))}; };
}
Spelling along_axis(std::string name, double sign) {
  return [name, sign](Case& c) {
    const auto axis = static_cast<std::int64_t>(c.number(1, "dim", 0));
    return std::vector<Term>{with_axis(c.arg(0), [&](Term x) {
      return (sign < 0 ? -x : x).apply(name, {{"axis", axis}});
    })};
  };
}
/// Spelled with one expression over the case.
Spelling spelled(std::function<Term(Case&)> expression) {
  return [expression](Case& c) {
    const Term result = expression(c);
    return result ? std::vector<Term>{result} : std::vector<Term>{};
  };
}

Term variance(Case& c) {
  const Term x = c.arg(0);
  const Json dim = c.keyword("dim"), flag = c.value(1, "unbiased"), correction = c.keyword("correction");
  Integers axes;
  if (dim.is_number()) axes = {dim.get<std::int64_t>()};
  if (dim.is_array()) axes = dim.get<Integers>();
  double less = flag.is_boolean() ? (flag.get<bool>() ? 1 : 0) : 1;
  if (correction.is_number()) less = correction.get<double>();
  const Json keep = c.keyword("keepdim");
  const Term mean = x.apply("reduceMean", {{"axes", axes}, {"keepDimensions", true}});
  const Term squares = sum((x - mean).apply("square"), axes, keep.is_boolean() && keep.get<bool>());
  const double count = static_cast<double>(x.shape().elements()) / static_cast<double>(squares.shape().elements());
  return squares / (count - less);
}

Term norm(Case& c) {
  const Term x = c.arg(0);
  if (c.variant() == "nuc") return {};
  const Json p = c.value(1, "p"), dim = c.value(2, "dim");
  const Integers axes = dim.is_number() ? Integers{dim.get<std::int64_t>()} : Integers{};
  if (p.is_null() || p == "fro") return x.apply("reduceL2", {{"axes", axes}});
  if (p == "inf") return x.apply("abs").apply("reduceMax", {{"axes", axes}});
  if (p == "-inf") return x.apply("abs").apply("reduceMin", {{"axes", axes}});
  const double power = p.get<double>();
  if (power == 0) return sum(x.apply("notEqual", x.number(0)).apply("cast", {{"type", "fp64"}}), axes);
  if (power == 1) return x.apply("reduceL1", {{"axes", axes}});
  if (power == 2) return x.apply("reduceL2", {{"axes", axes}});
  const Term powers = x.apply("abs").apply("pow", x.number(power));
  return sum(powers, axes).apply("pow", x.number(1 / power));
}

Term einsum(Case& c) {
  const std::string text = c.value(1, "").get<std::string>();
  std::string equation;
  for (const char letter : text)
    if (letter != ' ') equation += letter;
  std::vector<Term> operands;
  for (std::size_t i = 0; c.at("args.0." + std::to_string(i)); ++i)
    operands.push_back(c.at("args.0." + std::to_string(i)));
  // Dots stand for the dimensions that no letter names: at most one here.
  std::string left = equation.substr(0, equation.find("->")), right = equation.substr(equation.find("->") + 2);
  std::vector<std::string> names(1);
  for (const char letter : left) {
    if (letter == ',')
      names.emplace_back();
    else
      names.back() += letter;
  }
  std::string dots;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::size_t at = names[i].find("...");
    if (at == std::string::npos) continue;
    const std::string own = operands[i].shape().rank() > names[i].size() - 3 ? "." : "";
    names[i].replace(at, 3, own);
    if (!own.empty()) dots = own;
  }
  if (const std::size_t at = right.find("..."); at != std::string::npos) right.replace(at, 3, dots);
  std::string all = right;
  for (const std::string& name : names)
    for (const char letter : name)
      if (all.find(letter) == std::string::npos) all += letter;
  Term product;
  for (std::size_t i = 0; i < names.size(); ++i) {
    Integers order, shape;
    for (const char letter : all) {
      const std::size_t at = names[i].find(letter);
      if (at != names[i].rfind(letter)) return {};  // a diagonal: no operator of ours
      if (at != std::string::npos) order.push_back(static_cast<std::int64_t>(at));
      shape.push_back(at == std::string::npos ? 1 : operands[i].shape()[at]);
    }
    const Term lined =
        reshape(order.empty() ? operands[i] : operands[i].apply("transpose", {{"permutation", order}}), shape);
    product = product ? product * lined : lined;
  }
  Integers axes;
  for (std::size_t axis = right.size(); axis < all.size(); ++axis) axes.push_back(static_cast<std::int64_t>(axis));
  return axes.empty() ? product : sum(product, axes);
}

Term conv1d(Case& c) {
  const Term x = c.arg(0), f = c.arg(1);
  const bool batched = x.shape().rank() == 3;
  const Integers image = lengths(x), taps = lengths(f);
  const std::int64_t stride = c.integers("stride", 1, 1)[0], dilation = c.integers("dilation", 1, 1)[0];
  Integers padding = {0, 0, 0, 0};
  if (c.keyword("padding") == "same") {
    const std::int64_t total = dilation * (taps[2] - 1);
    padding = {0, 0, total / 2, total - total / 2};
  } else if (c.keyword("padding").is_number()) {
    padding = {0, 0, c.keyword("padding").get<std::int64_t>(), c.keyword("padding").get<std::int64_t>()};
  }
  const Attributes attributes = {{"strides", Integers{1, stride}},
                                 {"dilations", Integers{1, dilation}},
                                 {"padding", padding},
                                 {"groups", c.integers("groups", 1, 1)[0]},
                                 {"inputLayout", "nchw"},
                                 {"filterLayout", "oihw"}};
  std::vector<Ref> inputs = {reshape(x, {batched ? image[0] : 1, image[batched ? 1 : 0], 1, image.back()}),
                             reshape(f, {taps[0], taps[1], 1, taps[2]})};
  if (c.arg(2)) inputs.push_back(c.arg(2));
  const Term y(c.tape(), c.tape().emit("conv2d", inputs, attributes));
  const Shape shape = y.shape();
  return reshape(y, batched ? Integers{shape[0], shape[1], shape[3]} : Integers{shape[1], shape[3]});
}

Term conv_transpose2d(Case& c) {
  const Term x = c.arg(0);
  const bool batched = x.shape().rank() == 4;
  Integers image = lengths(x);
  if (!batched) image.insert(image.begin(), 1);
  const Integers padding = c.integers("padding", 2, 0);
  const Attributes attributes = {{"strides", c.integers("stride", 2, 1)},
                                 {"dilations", c.integers("dilation", 2, 1)},
                                 {"padding", Integers{padding[0], padding[0], padding[1], padding[1]}},
                                 {"outputPadding", c.integers("output_padding", 2, 0)},
                                 {"groups", c.integers("groups", 1, 1)[0]},
                                 {"inputLayout", "nchw"},
                                 {"filterLayout", "iohw"}};
  std::vector<Ref> inputs = {reshape(x, image), c.arg(1)};
  if (c.arg(2)) inputs.push_back(c.arg(2));
  const Term y(c.tape(), c.tape().emit("convTranspose2d", inputs, attributes));
  Integers shape = lengths(y);
  return batched ? y : reshape(y, {shape.begin() + 1, shape.end()});
}

/// Windows of unequal sizes, one reduceMax each.
Term adaptive_max_pool(Case& c) {
  const Term x = c.arg(0);
  const Integers image = lengths(x);
  const std::size_t rank = image.size();
  const Json sizes = c.value(1, "output_size");
  const auto count = [&](std::size_t k) {
    return sizes[k].is_null() ? image[rank - 2 + k] : sizes[k].get<std::int64_t>();
  };
  std::vector<Ref> rows;
  for (std::int64_t p = 0; p < count(0); ++p) {
    std::vector<Ref> cells;
    for (std::int64_t q = 0; q < count(1); ++q) {
      Integers starts(rank, 0), lengths = image;
      for (std::size_t k = 0; k < 2; ++k) {
        const std::int64_t at = k == 0 ? p : q, length = image[rank - 2 + k];
        starts[rank - 2 + k] = at * length / count(k);
        lengths[rank - 2 + k] = ((at + 1) * length + count(k) - 1) / count(k) - starts[rank - 2 + k];
      }
      cells.push_back(x.apply("slice", {{"starts", starts}, {"sizes", lengths}})
                          .apply("reduceMax", {{"axes", Integers{-2, -1}}, {"keepDimensions", true}}));
    }
    rows.push_back(c.tape().emit("concat", cells, {{"axis", -1}}));
  }
  return {c.tape(), c.tape().emit("concat", rows, {{"axis", -2}})};
}

Term linear(Case& c) {
  const Term x = c.arg(0);
  const bool single = x.shape().rank() == 1;
  std::vector<Ref> inputs = {single ? reshape(x, {1, x.shape()[0]}) : x, c.arg(1)};
  if (c.arg(2)) inputs.push_back(c.arg(2));
  const Term y(c.tape(), c.tape().emit("fusedMatMul", inputs, {{"transposeB", true}}));
  return single ? reshape(y, {y.shape()[1]}) : y;
}

Term cosine(Case& c) {
  const std::int64_t axis = static_cast<std::int64_t>(c.number(2, "dim", 1));
  const double epsilon = c.number(3, "eps", 1e-8);
  Term a = c.arg(0), b = c.arg(1);
  if (a.shape().rank() == 0) a = reshape(a, {1}), b = reshape(b, {1});
  // The axis counts in the common shape, so both are repeated to it first.
  const Integers common = lengths(a + b);
  a = a.apply("broadcastTo", {{"shape", common}});
  b = b.apply("broadcastTo", {{"shape", common}});
  const auto unit = [&](Term x) {
    return x /
           x.apply("reduceL2", {{"axes", Integers{axis}}, {"keepDimensions", true}}).apply("max", x.number(epsilon));
  };
  return sum(unit(a) * unit(b), {axis});
}

Term triplet(Case& c) {
  const auto distance = [](Term a, Term b) { return (a - b + 1e-6).apply("reduceL2", {{"axes", Integers{-1}}}); };
  const Term anchor = c.arg(0), positive = c.arg(1), negative = c.arg(2);
  Term far = distance(anchor, negative);
  const Json swap = c.keyword("swap");
  if (swap.is_boolean() && swap.get<bool>()) far = far.apply("min", distance(positive, negative));
  return reduced(c, (distance(anchor, positive) - far + c.number(9, "margin", 1)).apply("relu"));
}

Term negative_log_likelihood(Case& c) {
  const Term x = c.arg(0);
  const std::int64_t classes = x.shape()[x.shape().rank() - 1];
  Term chosen(c.tape(), c.tape().emit("oneHot", {c.arg(1)}, {{"depth", classes}, {"type", "fp64"}}));
  if (c.at("kwargs.weight")) chosen = chosen * c.at("kwargs.weight");
  const Json ignored = c.keyword("ignore_index");
  if (ignored.is_number()) {
    Tensor kept(context(), DType::fp64, {classes});
    for (std::int64_t i = 0; i < classes; ++i)
      kept.set(static_cast<std::size_t>(i), i == ignored.get<std::int64_t>() ? 0 : 1);
    chosen = chosen * Term(c.tape(), c.tape().constant(kept));
  }
  return -sum(chosen * x, {-1});
}

Term instance_norm(Case& c) {
  const Term x = c.arg(0);
  Integers axes, channels(x.shape().rank(), 1);
  for (std::size_t axis = 2; axis < x.shape().rank(); ++axis) axes.push_back(static_cast<std::int64_t>(axis));
  channels[1] = x.shape()[1];
  Term y = x.apply("layerNorm", {{"axes", axes}, {"epsilon", c.number(9, "eps", 1e-5)}});
  if (c.at("kwargs.weight")) y = y * reshape(c.at("kwargs.weight"), channels);
  if (c.at("kwargs.bias")) y = y + reshape(c.at("kwargs.bias"), channels);
  return y;
}

}  // namespace

std::map<std::string, Spelling> spellings() {
  std::map<std::string, Spelling> result;
  for (const char* name : {"abs", "cos", "exp", "floor", "neg", "sin", "tan", "expm1", "rsqrt", "square"})
    result[name] = unary(name);
  for (const char* name : {"relu", "silu", "softsign"}) result[std::string("nn.functional.") + name] = unary(name);
  result["mul"] = binary("mul");
  result["maximum"] = binary("max");
  result["minimum"] = binary("min");
  result["pow"] = binary("pow");
  result["softmax"] = along_axis("softmax", 1);
  result["nn.functional.softmin"] = along_axis("softmax", -1);
  result["log_softmax"] = along_axis("logSoftmax", 1);
  result["cumsum"] = along_axis("cumulativeSum", 1);
  result["add"] = spelled([](Case& c) { return c.arg(0) + c.arg(1) * c.number(9, "alpha", 1); });
  result["log10"] = spelled([](Case& c) { return c.arg(0).apply("log") / std::log(10.0); });
  result["asinh"] = spelled([](Case& c) {
    const Term x = c.arg(0), size = x.apply("abs");
    return x.apply("sign") * (size + (size * size + 1).apply("sqrt")).apply("log");
  });
  result["baddbmm"] = spelled([](Case& c) {
    return c.arg(0) * c.number(9, "beta", 1) + c.arg(1).apply("matmul", c.arg(2)) * c.number(9, "alpha", 1);
  });
  result["clamp"] = spelled([](Case& c) {
    Term x = c.arg(0);
    if (c.arg(1)) x = x.apply("max", c.arg(1));
    return c.arg(2) ? x.apply("min", c.arg(2)) : x;
  });
  result["masked_fill"] = spelled([](Case& c) {
    const Term x = c.arg(0);
    return where(c.arg(1), c.arg(2) ? c.arg(2) : x.number(c.number(2, "value", 0)), x);
  });
  result["nn.functional.hardtanh"] = spelled([](Case& c) {
    return c.arg(0).apply("clip", {{"min", c.number(9, "min_val", -1)}, {"max", c.number(9, "max_val", 1)}});
  });
  result["nn.functional.hardshrink"] = spelled([](Case& c) {
    const Term x = c.arg(0);
    const double bound = c.number(9, "lambd", 0.5);
    const Term inside =
        x.apply("greaterEqual", x.number(-bound)).apply("logicalAnd", x.apply("lessEqual", x.number(bound)));
    return where(inside, x.number(0), x);
  });
  result["nn.functional.glu"] = spelled([](Case& c) {
    const Term x = c.arg(0);
    const auto axis = static_cast<std::int64_t>(c.number(1, "dim", -1));
    const std::int64_t half = x.shape()[static_cast<std::size_t>(axis)] / 2;
    const std::vector<Ref> parts =
        c.tape().emit_all("split", std::vector<Ref>{x}, {{"sizes", Integers{half, half}}, {"axis", axis}});
    return Term(c.tape(), parts[0]) * Term(c.tape(), parts[1]).apply("sigmoid");
  });
  result["nn.functional.l1_loss"] = spelled([](Case& c) { return reduced(c, (c.arg(0) - c.arg(1)).apply("abs")); });
  result["nn.functional.margin_ranking_loss"] = spelled(
      [](Case& c) { return reduced(c, (c.number(9, "margin", 0) - c.arg(2) * (c.arg(0) - c.arg(1))).apply("relu")); });
  result["nn.functional.binary_cross_entropy"] = spelled([](Case& c) {
    const Term p = c.arg(0), t = c.arg(1);
    Term loss = -(t * p.apply("log") + (1 - t) * (1 - p).apply("log"));
    if (c.at("kwargs.weight")) loss = loss * c.at("kwargs.weight");
    return reduced(c, loss);
  });
  result["select"] = spelled([](Case& c) {
    Tensor index(context(), DType::i64, Shape{});
    index.set(0, c.number(2, "index", 0));
    return c.arg(0).apply("gather", Term(c.tape(), c.tape().constant(index)),
                          {{"axis", static_cast<std::int64_t>(c.number(1, "dim", 0))}});
  });
  result["index_select"] = spelled([](Case& c) {
    const auto axis = static_cast<std::int64_t>(c.number(1, "dim", 0));
    return with_axis(c.arg(0), [&](Term x) { return x.apply("gather", c.arg(2), {{"axis", axis}}); });
  });
  result["nn.functional.embedding"] = spelled([](Case& c) { return c.arg(0).apply("gather", c.arg(1)); });
  result["unbind"] = [](Case& c) {
    const Term x = c.arg(0);
    const auto axis = static_cast<std::int64_t>(c.number(1, "dim", 0));
    const auto rank = static_cast<std::int64_t>(x.shape().rank());
    const std::int64_t count = x.shape()[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
    std::vector<Term> parts;
    for (const Ref part : c.tape().emit_all("split", std::vector<Ref>{x},
                                            {{"sizes", Integers(static_cast<std::size_t>(count), 1)}, {"axis", axis}}))
      parts.push_back(Term(c.tape(), part).apply("squeeze", {{"axes", Integers{axis}}}));
    return parts;
  };
  result["repeat"] = spelled([](Case& c) {
    const Term x = c.arg(0);
    const Integers repetitions = c.value(1, "repeats").get<Integers>();
    Integers shape = lengths(x);
    shape.insert(shape.begin(), repetitions.size() - shape.size(), 1);
    return reshape(x, shape).apply("tile", {{"repetitions", repetitions}});
  });
  result["transpose"] = spelled([](Case& c) {
    const Term x = c.arg(0);
    const auto rank = static_cast<std::int64_t>(x.shape().rank());
    Integers order;
    for (std::int64_t axis = 0; axis < rank; ++axis) order.push_back(axis);
    if (rank == 0) return x.apply("transpose");
    const auto place = [&](std::size_t i) {
      const auto axis = static_cast<std::int64_t>(c.number(i, "", 0));
      return static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
    };
    std::swap(order[place(1)], order[place(2)]);
    return x.apply("transpose", {{"permutation", order}});
  });
  result["nn.functional.pixel_shuffle"] = spelled([](Case& c) {
    const Term x = c.arg(0);
    const auto factor = static_cast<std::int64_t>(c.number(1, "upscale_factor", 1));
    const Integers s = lengths(x);
    const std::int64_t channels = s[1] / (factor * factor);
    return reshape(reshape(x, {s[0], channels, factor, factor, s[2], s[3]})
                       .apply("transpose", {{"permutation", Integers{0, 1, 4, 2, 5, 3}}}),
                   {s[0], channels, s[2] * factor, s[3] * factor});
  });
  result["var"] = spelled(variance);
  result["std"] = spelled([](Case& c) { return variance(c).apply("sqrt"); });
  result["norm"] = spelled(norm);
  result["einsum"] = spelled(einsum);
  result["nn.functional.conv1d"] = spelled(conv1d);
  result["nn.functional.conv_transpose2d"] = spelled(conv_transpose2d);
  result["nn.functional.adaptive_max_pool2d"] = spelled(adaptive_max_pool);
  result["nn.functional.linear"] = spelled(linear);
  result["nn.functional.cosine_similarity"] = spelled(cosine);
  result["nn.functional.triplet_margin_loss"] = spelled(triplet);
  result["nn.functional.nll_loss"] = spelled(negative_log_likelihood);
  result["nn.functional.instance_norm"] = spelled(instance_norm);
  return result;
}

}  // namespace webai::test
