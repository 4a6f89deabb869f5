// The elementwise operators, one block each: name, inputs, domain, traits, attributes, sentence, formula, value,
// gradients. No includes and no include guard: whoever includes this file gives the words a meaning first (double with
// the C library, wrapping integers, SIMD, graph nodes, OpenCL C) by defining UNARY, BINARY, TERNARY, ATTRIBUTE, FLAG
// and, where it reads the expressions, LET and the functions they call (mostly the operators' own names).
//
//   UNARY(name, domain, traits, attributes, sentence, formula, value, gradient)
//   BINARY(name, a, b, domain, traits, attributes, sentence, formula, value, gradient of a, gradient of b)
//   TERNARY(name, c, a, b, ...)   the first input is a condition and has no gradient
//   LET(t, u, v)                  v, with t standing for u
//
// domain: REAL (floating types), NUMBER (and integers), ANY (and booleans), LOGIC (booleans alone).
// In a gradient y is the operator's value and g the gradient of y; none() says that nothing flows.
//
// What holds for all of them unless the sentence says otherwise: not-a-number in gives not-a-number out; signed zeros
// and infinities give the limit of the formula; denormals are numbers like others. fp16 and bf16 are computed in fp32
// and rounded once. Integers wrap; a quotient by zero is 0. Kinks take the derivative that a comment names.

// clang-format off

// ---- arithmetic ----------------------------------------------------------------------------------------------------

BINARY(add, a, b, NUMBER, .commutative(), , "The sum.", "a + b", a + b, g, g)
BINARY(sub, a, b, NUMBER, , , "The difference.", "a - b", a - b, g, -g)
BINARY(mul, a, b, NUMBER, .commutative(), , "The product.", "a * b", a * b, g * b, g * a)
BINARY(div, a, b, NUMBER, .range(0.25, 4), , "The quotient; of integers towards zero, and 0 for a divisor of 0.",
       "a / b", a / b, g / b, -(g * y / b))
BINARY(pow, a, b, REAL, .range(0.25, 3), , "a to the power of b, with the special cases of C's pow.", "a^b", pow(a, b),
       g * where(equal(b, 0.0), 0.0, b * pow(a, b - 1.0)), g * where(equal(a, 0.0), 0.0, y * log(a)))
// Whole derivative at a tie: the first input's. Zeros of either sign are a tie and give a.
BINARY(min, a, b, NUMBER, , , "The smaller one; not-a-number if either is.", "min(a, b)",
       where(a <= b, a, where(equal(a, a), b, a)),
       where(b < a, 0.0, g), where(b < a, g, 0.0))
BINARY(max, a, b, NUMBER, , , "The larger one; not-a-number if either is.", "max(a, b)",
       where(a >= b, a, where(equal(a, a), b, a)),
       where(a < b, 0.0, g), where(a < b, g, 0.0))
// Rounded once in fp32 while |a / b| < 2^22; beyond that the quotient itself is rounded.
BINARY(mod, a, b, NUMBER, .range(0.5, 3), , "The remainder of the quotient rounded down: it has the sign of b.",
       "a - floor(a / b) * b", mod(a, b), g, -(g * floor(a / b)))

UNARY(neg, NUMBER, , , "The number with its sign changed.", "-x", -x, -g)
UNARY(abs, NUMBER, , , "The magnitude.", "|x|", abs(x), g * sign(x))  // 0 at 0
UNARY(sign, NUMBER, , , "-1, 0 or 1; a zero keeps its sign.", "x / |x|", where(x < 0.0, -1.0, where(x > 0.0, 1.0, x)),
      none())
UNARY(floor, NUMBER, , , "Rounded down.", "floor(x)", floor(x), none())
UNARY(ceil, NUMBER, , , "Rounded up.", "ceil(x)", ceil(x), none())
UNARY(round, NUMBER, , , "Rounded to the nearest whole number, halves to the even one.", "round(x)", round(x), none())
UNARY(square, NUMBER, , , "x times itself.", "x * x", x * x, g * (2.0 * x))
UNARY(identity, ANY, .activation(), , "The input.", "x", x, g)
UNARY(reciprocal, REAL, .range(0.25, 4), , "One over x.", "1 / x", 1.0 / x, -(g * y * y))
UNARY(sqrt, REAL, .range(0.25, 4), , "The square root, correctly rounded.", "sqrt(x)", sqrt(x), g * (0.5 / y))
UNARY(rsqrt, REAL, .range(0.25, 4), , "One over the square root.", "1 / sqrt(x)", 1.0 / sqrt(x),
      g * (-0.5 * (y * y * y)))
UNARY(clip, NUMBER, , ATTRIBUTE(min, -infinity, "the lower bound") ATTRIBUTE(max, infinity, "the upper bound"),
      "Kept between two bounds; the upper one wins where they cross.", "min(max(x, min), max)",
      LET(t, where(x < min, min, x), where(max < t, max, t)),
      where(equal(x, y), g, 0.0))  // 1 at the bounds

// ---- functions -----------------------------------------------------------------------------------------------------

UNARY(exp, REAL, .activation(), , "The exponential.", "e^x", exp(x), g * y)
UNARY(expm1, REAL, , , "The exponential less one, exact near 0.", "e^x - 1", expm1(x), g * (y + 1.0))
UNARY(log, REAL, .range(0.25, 4), , "The natural logarithm.", "ln x", log(x), g / x)
UNARY(log1p, REAL, .range(-0.75, 4), , "The natural logarithm of 1 + x, exact near 0.", "ln(1 + x)", log1p(x),
      g / (1.0 + x))
UNARY(sin, REAL, .activation(), , "The sine.", "sin x", sin(x), g * cos(x))
UNARY(cos, REAL, .activation(), , "The cosine.", "cos x", cos(x), -(g * sin(x)))
UNARY(tan, REAL, .range(-1, 1), , "The tangent.", "tan x", tan(x), g * (1.0 + y * y))
UNARY(atan, REAL, , , "The arc tangent.", "atan x", atan(x), g / (1.0 + x * x))
UNARY(erf, REAL, , , "The error function.", "2 / sqrt(pi) * integral of e^(-t^2) from 0 to x", erf(x),
      g * (1.1283791670955126 * exp(-(x * x))))

// ---- comparisons, logic, choice ------------------------------------------------------------------------------------

BINARY(equal, a, b, ANY, .boolean_result().commutative(), , "Whether a and b are equal.", "a = b", equal(a, b), none(),
       none())
BINARY(notEqual, a, b, ANY, .boolean_result().commutative(), , "Whether a and b differ; not-a-number differs from all.",
       "a != b", logicalNot(equal(a, b)), none(), none())
BINARY(less, a, b, ANY, .boolean_result(), , "Whether a is less than b.", "a < b", a < b, none(), none())
BINARY(lessEqual, a, b, ANY, .boolean_result(), , "Whether a is at most b.", "a <= b", a <= b, none(), none())
BINARY(greater, a, b, ANY, .boolean_result(), , "Whether a is greater than b.", "a > b", a > b, none(), none())
BINARY(greaterEqual, a, b, ANY, .boolean_result(), , "Whether a is at least b.", "a >= b", a >= b, none(), none())
BINARY(logicalAnd, a, b, LOGIC, .boolean_result().commutative(), , "Whether both hold.", "a and b", logicalAnd(a, b),
       none(), none())
BINARY(logicalOr, a, b, LOGIC, .boolean_result().commutative(), , "Whether one or both hold.", "a or b",
       logicalOr(a, b), none(), none())
BINARY(logicalXor, a, b, LOGIC, .boolean_result().commutative(), , "Whether exactly one holds.", "a xor b",
       logicalXor(a, b), none(), none())
UNARY(logicalNot, LOGIC, .boolean_result(), , "Whether it does not hold.", "not x", logicalNot(x), none())
UNARY(isNaN, REAL, .boolean_result(), , "Whether x is not a number.", "x != x", logicalNot(equal(x, x)), none())
UNARY(isInfinite, REAL, .boolean_result(), , "Whether x is infinite, of either sign.", "|x| = infinity",
      equal(abs(x), infinity), none())
TERNARY(where, condition, a, b, ANY, , , "a where the condition holds, else b.", "condition ? a : b",
        where(condition, a, b), where(condition, g, 0.0), where(condition, 0.0, g))

// ---- activations ---------------------------------------------------------------------------------------------------

UNARY(binary, REAL, .activation(), FLAG(straightThrough, "pass the gradient as if this were the identity"),
      "A step: 0 below 0, else 1.", "x < 0 ? 0 : 1", where(x < 0.0, 0.0, where(x >= 0.0, 1.0, x)),
      straightThrough != 0.0 ? g : none())
UNARY(tanh, REAL, .activation(), , "The hyperbolic tangent.", "(e^x - e^-x) / (e^x + e^-x)", tanh(x),
      g * (1.0 - y * y))
UNARY(sigmoid, REAL, .activation(), , "The logistic function.", "1 / (1 + e^-x)", sigmoid(x), g * (y * (1.0 - y)))
UNARY(softplus, REAL, .activation(), , "A smooth relu.", "ln(1 + e^x)", softplus(x), g * sigmoid(x))
UNARY(softsign, REAL, .activation(), , "A slow sigmoid.", "x / (1 + |x|)",
      where(abs(x) > 1e18, sign(x), x / (1.0 + abs(x))),
      LET(t, 1.0 + abs(x), g / (t * t)))
UNARY(relu, NUMBER, .activation(), , "The positive part.", "max(0, x)", where(x < 0.0, 0.0, x),
      where(y > 0.0, g, 0.0))  // 0 at 0
UNARY(relu6, NUMBER, .activation(), , "The positive part, at most 6.", "min(max(0, x), 6)",
      where(x < 0.0, 0.0, where(x > 6.0, 6.0, x)),
      where(logicalAnd(y > 0.0, y < 6.0), g, 0.0))  // 0 at 0 and 6
UNARY(leakyRelu, REAL, .activation(), ATTRIBUTE(alpha, 0.01, "the slope below 0"), "A relu that leaks below 0.",
      "x < 0 ? alpha * x : x", where(x < 0.0, alpha * x, x), where(x < 0.0, alpha * g, g))  // 1 at 0
BINARY(prelu, x, slope, REAL, , , "A leaky relu whose slope is an input.", "x < 0 ? slope * x : x",
       where(x < 0.0, slope * x, x), where(x < 0.0, slope * g, g), where(x < 0.0, x * g, 0.0))
UNARY(elu, REAL, .activation(), ATTRIBUTE(alpha, 1.0, "the limit below 0"), "A relu that bends exponentially below 0.",
      "x < 0 ? alpha * (e^x - 1) : x", where(x < 0.0, alpha * expm1(x), x), where(x < 0.0, g * (y + alpha), g))
UNARY(celu, REAL, .activation(), ATTRIBUTE(alpha, 1.0, "the limit below 0"), "An elu that is smooth for every alpha.",
      "x < 0 ? alpha * (e^(x / alpha) - 1) : x", where(x < 0.0, alpha * expm1(x / alpha), x),
      where(x < 0.0, g * exp(x / alpha), g))
UNARY(selu, REAL, .activation(),
      ATTRIBUTE(alpha, 1.6732632423543772, "the limit below 0") ATTRIBUTE(gamma, 1.0507009873554805, "the scale"),
      "A scaled elu that keeps mean and variance.", "gamma * (x < 0 ? alpha * (e^x - 1) : x)",
      gamma * where(x < 0.0, alpha * expm1(x), x), g * where(x < 0.0, y + gamma * alpha, gamma))
UNARY(isru, REAL, .activation(), ATTRIBUTE(alpha, 1.0, "how soon it saturates, above 0"),
      "The inverse square root unit.", "x / sqrt(1 + alpha * x^2)",
      where(abs(x) > 1e18, sign(x) / sqrt(alpha), x / sqrt(1.0 + alpha * (x * x))),
      LET(t, 1.0 / sqrt(1.0 + alpha * (x * x)), g * (t * t * t)))
UNARY(isrlu, REAL, .activation(), ATTRIBUTE(alpha, 1.0, "how soon it saturates, above 0"),
      "The identity, bent below 0 like isru.", "x < 0 ? x / sqrt(1 + alpha * x^2) : x",
      where(x < -1e18, -1.0 / sqrt(alpha), where(x < 0.0, x / sqrt(1.0 + alpha * (x * x)), x)),
      LET(t, 1.0 / sqrt(1.0 + alpha * (x * x)), g * where(x < 0.0, t * t * t, 1.0)))
// The upper half is one minus the mirrored lower half, so nothing large is ever subtracted.
UNARY(softclip, REAL, .activation(), ATTRIBUTE(alpha, 1.0, "how sharp the corners are, above 0"),
      "A smooth clip to 0..1.", "1 / alpha * ln((1 + e^(alpha * x)) / (1 + e^(alpha * (x - 1))))",
      LET(u, alpha * where(x > 0.5, 1.0 - x, x),
          LET(t, (softplus(u) - softplus(u - alpha)) / alpha, where(x > 0.5, 1.0 - t, t))),
      g * (sigmoid(alpha * x) - sigmoid(alpha * (x - 1.0))))
UNARY(sinc, REAL, .activation(), , "The cardinal sine, 1 at 0.", "sin x / x", sinc(x),
      g * where(abs(x) < 0.1, x * (x * x * (1.0 / 30.0 - x * x / 840.0) - 1.0 / 3.0), (cos(x) - y) / x))
UNARY(gauss, REAL, .activation(), , "The bell curve.", "e^(-x^2)", gauss(x), g * (-2.0 * x * y))
UNARY(gelu, REAL, .activation(), , "x times the normal distribution function at x.", "x / 2 * (1 + erf(x / sqrt(2)))",
      0.5 * from_below(x) * (1.0 + erf(0.7071067811865476 * x)),
      g * (0.5 * (1.0 + erf(0.7071067811865476 * x)) + x * (0.3989422804014327 * exp(-0.5 * (x * x)))))
UNARY(geluTanh, REAL, .activation(), , "gelu with tanh in place of erf.",
      "x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))",
      0.5 * from_below(x) * (1.0 + tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x)))),
      LET(t, tanh(0.7978845608028654 * (x + 0.044715 * (x * x * x))),
          g * (0.5 * (1.0 + t) + x * (1.0 - t * t) * (0.3989422804014327 + 0.05351611220445019 * (x * x)))))
UNARY(silu, REAL, .activation(), , "x times its sigmoid (swish).", "x / (1 + e^-x)", from_below(x) * sigmoid(x),
      LET(t, sigmoid(x), g * (t * (1.0 + x * (1.0 - t)))))
UNARY(mish, REAL, .activation(), , "x times the hyperbolic tangent of its softplus.", "x * tanh(ln(1 + e^x))",
      LET(w, exp(where(x > 20.0, 20.0, x)), LET(n, w * (w + 2.0), from_below(x) * (n / (n + 2.0)))),
      LET(t, tanh(softplus(x)), g * (t + x * (1.0 - t * t) * sigmoid(x))))
UNARY(hardSigmoid, REAL, .activation(), ATTRIBUTE(alpha, 0.2, "the slope") ATTRIBUTE(beta, 0.5, "the value at 0"),
      "A sigmoid of three straight pieces.", "min(max(alpha * x + beta, 0), 1)",
      LET(t, alpha * x + beta, where(t < 0.0, 0.0, where(t > 1.0, 1.0, t))),
      where(logicalAnd(y > 0.0, y < 1.0), alpha * g, 0.0))  // 0 at both kinks
UNARY(hardSwish, REAL, .activation(), , "silu with straight pieces.", "x * min(max(x + 3, 0), 6) / 6",
      LET(t, x + 3.0, from_below(x) * (where(t < 0.0, 0.0, where(t > 6.0, 6.0, t)) / 6.0)),
      g * where(x < -3.0, 0.0, where(x > 3.0, 1.0, x / 3.0 + 0.5)))
UNARY(bentIdentity, REAL, .activation(), , "The identity, a little bent at 0.", "(sqrt(x^2 + 1) - 1) / 2 + x",
      where(x > 1e9, 1.5 * x, where(x < -1e9, 0.5 * x, x * x / (2.0 * (sqrt(x * x + 1.0) + 1.0)) + x)),
      g * (x / (2.0 * sqrt(x * x + 1.0)) + 1.0))
UNARY(arctan, REAL, .activation(), , "The arc tangent as an activation.", "atan x", atan(x), g / (1.0 + x * x))
