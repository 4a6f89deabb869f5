// exp, log, tanh, sin, pow, ...: fp32 functions that give one bit pattern per input on every device. No includes and no
// include guard: whoever includes this file first gives three types and their words a meaning (SIMD, printed OpenCL C):
//
//   F  a float:   + - * / each rounded once, never fused; < > <= >= equal; sqrt; unary - and abs by bits
//   I  32 bits:   wrapping + - *, & | ^, shl<n> shr<n> sar<n>, shlv shrv by 0..31, < > and equal as signed numbers
//   M  a choice:  logicalAnd, logicalOr, logicalNot; where(M, F, F), where(M, I, I)
//   bits(F), flt(I) reinterpret; i2f(I) converts, |i| <= 2^24; rare(M, function, argument, otherwise) may skip the call
//   FUNCTION stands before each definition, RARE_FUNCTION before those that only rare() calls
//
// Rules: no fused multiply-add, no library function, no float operation whose outcome rests on a denormal (so flushing
// devices agree); what is not a number becomes 0x7fc00000. Errors are the largest seen, in units of the last place of
// the exact result; tests/backends/cpu_elementwise holds them and one hash per function. Contraction must be off.

FUNCTION I magnitude(F x) { return bits(x) & 0x7fffffff; }
FUNCTION I sign_of(F x) { return bits(x) & 0x80000000; }
FUNCTION F with_sign(F x, I sign) { return flt(bits(x) | sign); }
FUNCTION M is_nan(F x) { return magnitude(x) > 0x7f800000; }
FUNCTION F quiet_nan() { return flt(I(0x7fc00000)); }
FUNCTION F keep_nan(F x, F result) { return where(is_nan(x), quiet_nan(), result); }
FUNCTION F upper_half(F x) { return flt(bits(x) & 0xfffff000); }  // 12 bits: products of two such are exact

// ---- rounding: exact -----------------------------------------------------------------------------------------------

FUNCTION F round(F x) {  // halves to even
  const I whole = bits(abs(x) + 0x1p23f) - 0x4b000000;
  return where(magnitude(x) < 0x4b000000, with_sign(i2f(whole), sign_of(x)), x);
}
FUNCTION F floor(F x) {
  const F nearest = round(x);
  return where(x < nearest, nearest - 1.0f, nearest);
}
FUNCTION F ceil(F x) { return -floor(-x); }

FUNCTION F sign(F x) { return where(x < 0.0f, -1.0f, where(x > 0.0f, 1.0f, x)); }
/// x, but for minus infinity: a finite number whose product with a vanishing factor vanishes.
FUNCTION F from_below(F x) { return where(x < -3e38f, -3e38f, x); }

/// a - quotient * b with one rounding, for a whole quotient below 2^22 that is right to one unit.
FUNCTION F rest_of(F a, F b, F quotient) {
  const F product = quotient * b;
  const F q1 = upper_half(quotient), q2 = quotient - q1, b1 = upper_half(b), b2 = b - b1;
  const F error = (((q1 * b1 - product) + q1 * b2) + q2 * b1) + q2 * b2;
  return (a - product) - error;
}
// a - floor(a / b) * b, rounded once while |a / b| < 2^22; a zero is +0.
FUNCTION F mod(F a, F b) {
  const F quotient = floor(a / b);
  // A quotient that was rounded up to a whole number leaves a rest on the wrong side of 0.
  const M beyond = rest_of(a, b, quotient) * with_sign(1.0f, sign_of(b)) < 0.0f;
  F rest = rest_of(a, b, where(beyond, quotient - 1.0f, quotient));
  const M same = logicalOr(equal(a, 0.0f), equal(sign_of(a), sign_of(b)));
  const M finite = magnitude(a) < 0x7f800000;
  rest = where(logicalAnd(equal(magnitude(b), I(0x7f800000)), finite), where(same, a, b), rest);
  return keep_nan(a, keep_nan(b, rest + 0.0f));
}

// ---- exponentials --------------------------------------------------------------------------------------------------

struct Exponent {
  I n;  // nearest whole number to x / ln 2
  F r;  // x - n ln 2
};
/// For |x| <= 150; `low` is added to x.
FUNCTION Exponent split_exponent(F x, F low) {
  const I n = bits(x * 0x1.715476p0f + 0x1.8p23f) - 0x4b400000;
  const F whole = i2f(n);
  return {n, ((x - whole * 0x1.62e4p-1f) - whole * 0x1.7f7d1cp-20f) + low};
}
FUNCTION F exponential_minus_one(F r) {  // |r| <= ln(2) / 2
  F p = 0x1.6a472p-10f;
  p = p * r + 0x1.1239ap-7f;
  p = p * r + 0x1.5558b6p-5f;
  p = p * r + 0x1.555492p-3f;
  p = p * r + 0x1.fffffcp-2f;
  return (r * r) * p + r;
}
/// p 2^n for p in 0.7 .. 1.5, -150 <= n <= 128; rounded once where the result is denormal.
FUNCTION F scaled(F p, I n) {
  const I normal = bits(p) + shl<23>(n);
  const I denormal = bits(flt(bits(p) + shl<23>(n + 149)) + 0x1p23f) - 0x4b000000;
  const I finite = where(normal < 0x00800000, denormal, normal);
  return flt(where(normal > 0x7f800000, I(0x7f800000), finite));
}
FUNCTION F clamped(F x, F low, F high) { return where(x < low, low, where(x > high, high, x)); }
/// e^(x + low) for numbers.
FUNCTION F exponential(F x, F low) {
  const Exponent e = split_exponent(clamped(x, -104.0f, 89.0f), low);
  return scaled(exponential_minus_one(e.r) + 1.0f, e.n);
}
/// e^x - 1 for -20 <= x <= 89.
FUNCTION F exponential_less_one(F x) {
  const Exponent e = split_exponent(x, 0.0f);
  const F half = flt(shl<23>(e.n + 126));  // 2^(n - 1)
  return (half * exponential_minus_one(e.r) + (half - 0.5f)) * 2.0f;
}

FUNCTION F exp(F x) { return keep_nan(x, exponential(x, 0.0f)); }  // 0.97

FUNCTION F expm1(F x) {  // 1.5
  const F result = where(magnitude(x) < 0x32800000, x, exponential_less_one(clamped(x, -20.0f, 89.0f)));
  return keep_nan(x, where(x > 88.8f, flt(I(0x7f800000)), result));
}

FUNCTION F tanh(F x) {  // 2.5
  const F size = abs(x);
  const F e = exponential_less_one(where(size > 10.0f, 10.0f, size) * 2.0f);
  const F result = where(magnitude(x) < 0x39800000, x, with_sign(e / (e + 2.0f), sign_of(x)));
  return keep_nan(x, result);
}

FUNCTION F sigmoid(F x) {  // 2.5
  const F e = exponential(-abs(x), 0.0f);
  const M negative = x < 0.0f;
  const F result = where(negative, e, 1.0f) / (1.0f + e);
  // Where 1 + e is 1 the quotient is its numerator, which may be denormal.
  return keep_nan(x, where(bits(e) < 0x33000000, where(negative, e, 1.0f), result));
}

FUNCTION F gauss(F x) {  // 1.0
  const F size = where(abs(x) > 11.0f, 11.0f, abs(x)), square = size * size;
  const F a = upper_half(size), b = size - a;
  return keep_nan(x, exponential(-square, (square - a * a) - (size + a) * b));
}

// ---- logarithms ----------------------------------------------------------------------------------------------------

struct Parts {
  I n;  // the number is m 2^n
  F m;  // 0.7071 .. 1.4142
};
/// Of a positive number, denormals included.
FUNCTION Parts parts_of(F x) {
  const I word = bits(x);
  const M denormal = word < 0x00800000;
  const I moved = where(denormal, bits(i2f(word & 0x00ffffff)), word) - 0x3f3504f3;
  const I n = sar<23>(moved) + where(denormal, I(-149), I(0));
  return {n, flt((moved & 0x007fffff) + 0x3f3504f3)};
}
/// n ln 2 + ln(1 + f) + low for f in -0.293 .. 0.415
FUNCTION F logarithm(I n, F f, F low) {
  F p = -0x1.38d88ap-4f;
  p = p * f + 0x1.056b18p-3f;
  p = p * f - 0x1.0d858ep-3f;
  p = p * f + 0x1.22d7cp-3f;
  p = p * f - 0x1.54720ap-3f;
  p = p * f + 0x1.99a026p-3f;
  p = p * f - 0x1.000228p-2f;
  p = p * f + 0x1.555554p-2f;
  const F square = f * f, whole = i2f(n);
  const F small = (((square * f) * p - square * 0.5f) + whole * 0x1.7f7d1cp-20f) + low;
  const F large = whole * 0x1.62e4p-1f;  // exact
  const F sum = large + f;
  return sum + ((f - (sum - large)) + small);
}
/// What a logarithm of x is where it is not a plain number.
FUNCTION F logarithm_edges(F x, F result) {
  result = where(equal(bits(x), I(0x7f800000)), x, result);
  result = where(logicalOr(bits(x) < 0, is_nan(x)), quiet_nan(), result);
  return where(equal(magnitude(x), I(0)), flt(I(0xff800000)), result);
}

FUNCTION F log(F x) {  // 0.75
  const Parts parts = parts_of(x);
  return logarithm_edges(x, logarithm(parts.n, parts.m - 1.0f, 0.0f));
}

FUNCTION F log1p(F x) {  // 0.8
  const F sum = x + 1.0f;
  const F back = sum - 1.0f;
  const F lost = (x - back) + (1.0f - (sum - back));  // x + 1 = sum + lost exactly
  const Parts parts = parts_of(sum);
  const F f = parts.m - 1.0f;
  const F low = lost * flt(shl<23>(127 - where(parts.n > 126, I(126), parts.n)));
  const F result = logarithm(parts.n, f, low - low * (f - f * f));
  return where(magnitude(x) < 0x33000000, x, logarithm_edges(sum, result));
}

FUNCTION F softplus(F x) {  // 1.5
  const F tail = log1p(exponential(-abs(x), 0.0f));
  return keep_nan(x, where(x < 0.0f, tail, x + tail));
}

// ---- error function ------------------------------------------------------------------------------------------------

/// 1.128... x for |x| < 2^-119, by integers or at a larger scale where x is denormal or near.
RARE_FUNCTION F erf_tiny(F x) {
  const I word = magnitude(x);
  const I denormal = word + (bits(i2f(word & 0x00ffffff) * 0x1.06eba8p-3f + 0x1p23f) - 0x4b000000);
  const F larger = flt(word + 0x10000000);
  const I normal = bits(larger + larger * 0x1.06eba8p-3f) - 0x10000000;
  return flt(where(word < 0x00800000, denormal, normal) | sign_of(x));
}
FUNCTION F erf(F x) {  // 1.3
  const F size = where(abs(x) > 4.0f, 4.0f, abs(x)), square = x * x;
  F p = 0x1.4f7d2ap-14f;
  p = p * square - 0x1.a60f02p-11f;
  p = p * square + 0x1.544a72p-8f;
  p = p * square - 0x1.b8011ep-6f;
  p = p * square + 0x1.ce2d64p-4f;
  p = p * square - 0x1.81274p-2f;
  p = p * square + 0x1.06eba8p-3f;
  const F small = x * p + x;
  F q = 0x1.78e138p-17f;
  q = q * size - 0x1.527e5ep-12f;
  q = q * size + 0x1.dd6e38p-9f;
  q = q * size - 0x1.8551d2p-6f;
  q = q * size + 0x1.b3259cp-4f;
  q = q * size + 0x1.45328ap-1f;
  q = q * size + 0x1.20ef1cp0f;
  const F large = with_sign(1.0f - exponential(-(size * q), 0.0f), sign_of(x));
  const F result = where(magnitude(x) < 0x3f6c0000, small, large);
  return keep_nan(x, rare(magnitude(x) < 0x04000000, erf_tiny, x, result));
}

// ---- circular functions --------------------------------------------------------------------------------------------

struct Angle {
  I quadrant;
  F high, low;  // their sum is in -pi/4 .. pi/4
};
/// Of 0 <= x <= 3200: pi/2 in parts of 8, 13 and 9 bits, whose multiples are exact, and a rest.
FUNCTION Angle angle_of(F x) {
  const I n = bits(x * 0x1.45f306p-1f + 0x1.8p23f) - 0x4b400000;
  const F whole = i2f(n);
  const F rest = (x - whole * 0x1.92p0f) - whole * 0x1.fb5p-12f;
  const F third = whole * 0x1.11p-26f;
  const F high = rest - third;
  return {n, high, ((rest - high) - third) - whole * 0x1.68c234p-39f};
}
/// The upper 32 of the 56 bits of a * b, a < 2^24.
FUNCTION I product_high(I a, I b) {
  const I a0 = a & 0xffff, a1 = shr<16>(a), b0 = b & 0xffff, b1 = shr<16>(b);
  const I middle = a0 * b1, other = a1 * b0;
  const I carry = shr<16>(a0 * b0) + (middle & 0xffff) + (other & 0xffff);
  return a1 * b1 + shr<16>(middle) + shr<16>(other) + shr<16>(carry);
}
FUNCTION I fifth(I index, I a, I b, I c, I d, I e) {
  return where(index < 2, where(index < 1, a, b), where(index < 3, c, where(index < 4, d, e)));
}
/// Of any x > 3200: x = m 2^s times those 96 bits of 2/pi that matter modulo 4.
FUNCTION Angle large_angle_of(F x) {
  const I word = bits(x), m = (word & 0x007fffff) | 0x00800000;
  const I start = shr<23>(word) - 120, first = shr<5>(start), shift = start & 31;
  const I w0 = 0xa2f9836e, w1 = 0x4e441529, w2 = 0xfc2757d1, w3 = 0xf534ddc0, w4 = 0xdb629599, w5 = 0x3c439041,
          w6 = 0xfe5163ab;
  const I p0 = fifth(first, 0, w0, w1, w2, w3), p1 = fifth(first, w0, w1, w2, w3, w4),
          p2 = fifth(first, w1, w2, w3, w4, w5), p3 = fifth(first, w2, w3, w4, w5, w6);
  const I back = 31 - shift;
  const I a = shlv(p0, shift) | shrv(shr<1>(p1), back), b = shlv(p1, shift) | shrv(shr<1>(p2), back),
          c = shlv(p2, shift) | shrv(shr<1>(p3), back);
  const I low = m * c, carried = product_high(m, c), middle = m * b + carried;
  const M carry = (middle ^ 0x80000000) < (carried ^ 0x80000000);
  const I high = m * a + product_high(m, b) + where(carry, I(1), I(0));
  // Two bits of quadrant, then the fraction as a signed number, made positive.
  const I quadrant = shr<30>(high) + (shr<29>(high) & 1);
  const I top = shl<2>(high) | shr<30>(middle), flip = sar<31>(top);
  const I f0 = top ^ flip, f1 = (shl<2>(middle) | shr<30>(low)) ^ flip, f2 = shl<2>(low) ^ flip;
  const F t0 = i2f(shr<7>(f0)) * 0x1p-25f, t1 = i2f(shl<17>(f0 & 0x7f) | shr<15>(f1)) * 0x1p-49f,
          t2 = i2f(shl<9>(f1 & 0x7fff) | shr<23>(f2)) * 0x1p-73f;
  const F tail = t1 + t2, turn = t0 + tail, lost = tail - (turn - t0);
  // times pi / 2 in twice the precision
  const F product = turn * 0x1.921fb6p0f;
  const F h1 = upper_half(turn), h2 = turn - h1;
  const F error = ((h1 * 0x1.92p0f - product) + (h1 * 0x1.fb6p-12f + h2 * 0x1.92p0f)) + h2 * 0x1.fb6p-12f;
  const F small = (error + turn * -0x1.777a5cp-25f) + lost * 0x1.921fb6p0f;
  const I sign = flip & 0x80000000;
  return {quadrant, flt(bits(product) ^ sign), flt(bits(small) ^ sign)};
}
FUNCTION F sine_of(Angle t) {
  const F square = t.high * t.high;
  F p = -0x1.9951fap-13f;
  p = p * square + 0x1.110774p-7f;
  p = p * square - 0x1.555546p-3f;
  return t.high + ((t.high * square) * p + t.low);
}
FUNCTION F cosine_of(Angle t) {
  const F square = t.high * t.high;
  F p = 0x1.99e816p-16f;
  p = p * square - 0x1.6c0c28p-10f;
  p = p * square + 0x1.55554ap-5f;
  const F half = square * 0.5f, rest = 1.0f - half;
  return rest + (((1.0f - rest) - half) + ((square * square) * p - t.high * t.low));
}
FUNCTION F wave(Angle t, I quarter, I sign) {  // sine after `quarter` more quadrants
  const I quadrant = t.quadrant + quarter;
  const F value = where(equal(quadrant & 1, I(0)), sine_of(t), cosine_of(t));
  return flt(bits(value) ^ shl<30>(quadrant & 2) ^ sign);
}
RARE_FUNCTION F sin_large(F x) { return wave(large_angle_of(abs(x)), 0, sign_of(x)); }
RARE_FUNCTION F cos_large(F x) { return wave(large_angle_of(abs(x)), 1, 0); }

FUNCTION F sin(F x) {  // 1.7
  F result = wave(angle_of(abs(x)), 0, sign_of(x));
  result = where(magnitude(x) < 0x39800000, x, rare(magnitude(x) > 0x45480000, sin_large, x, result));
  return where(magnitude(x) > 0x7f7fffff, quiet_nan(), result);
}
FUNCTION F cos(F x) {  // 1.7
  const F result = rare(magnitude(x) > 0x45480000, cos_large, x, wave(angle_of(abs(x)), 1, 0));
  return where(magnitude(x) > 0x7f7fffff, quiet_nan(), result);
}
FUNCTION F tan(F x) {  // 3.5
  return where(magnitude(x) < 0x39800000, x, keep_nan(x, sin(x) / cos(x)));
}
FUNCTION F sinc(F x) {  // 2.2
  const F result = where(magnitude(x) < 0x39800000, 1.0f, sin(x) / x);
  return where(equal(magnitude(x), I(0x7f800000)), 0.0f, keep_nan(x, result));
}
FUNCTION F atan(F x) {  // 1.6
  const F size = abs(x);
  const M steep = size > 2.4142137f, middle = size > 0.41421357f;
  const F t =
      where(steep, -1.0f, where(middle, size - 1.0f, size)) / where(steep, size, where(middle, size + 1.0f, 1.0f));
  const F square = t * t;
  F p = -0x1.f2acb6p-5f;
  p = p * square + 0x1.b21adep-4f;
  p = p * square - 0x1.23b924p-3f;
  p = p * square + 0x1.9991dep-3f;
  p = p * square - 0x1.55554ap-2f;
  const F base = where(steep, 0x1.921fb6p0f, where(middle, 0x1.921fb6p-1f, 0.0f));
  const F low = where(steep, -0x1.777a5cp-25f, where(middle, -0x1.777a5cp-26f, 0.0f));
  const F result = base + (t + ((t * square) * p + low));
  return keep_nan(x, where(magnitude(x) < 0x39800000, x, with_sign(result, sign_of(x))));
}

// ---- power ---------------------------------------------------------------------------------------------------------

struct Pair {
  F high, low;
};
FUNCTION F sixth(F m, F a, F b, F c, F d, F e, F f) {
  const F below = where(m < 0.8f, a, where(m < 0.9277f, b, c));
  return where(m < 1.0714f, below, where(m < 1.2f, d, where(m < 1.35f, e, f)));
}
/// ln of a positive number to about 2^-32: n ln 2 - ln c + ln(m c), with c near 1 / m and of few bits.
FUNCTION Pair precise_logarithm(F x) {
  const Parts parts = parts_of(x);
  const F c = 1.0f + sixth(parts.m, 0.34375f, 0.15625f, 0.0f, -0.125f, -0.21875f, -0.28125f);
  const F c_high = sixth(parts.m, -0x1.2e9p-2f, -0x1.295p-3f, 0.0f, 0x1.118p-3f, 0x1.f99p-3f, 0x1.5228p-2f);
  const F c_low =
      sixth(parts.m, 0x1.d451eep-18f, -0x1.4be08p-17f, 0.0f, -0x1.c5f76p-17f, 0x1.c6cb3cp-19f, 0x1.7039c6p-17f);
  const F upper = upper_half(parts.m);
  const F f1 = upper * c - 1.0f, f2 = (parts.m - upper) * c;  // exact
  const F f = f1 + f2, f_low = f2 - (f - f1);
  F p = -0x1.58064cp-3f;
  p = p * f + 0x1.9c2cfcp-3f;
  p = p * f - 0x1.fffe3ap-3f;
  p = p * f + 0x1.5554aap-2f;
  const F a = upper_half(f), square = (a * a) * 0.5f, square_low = ((f + a) * (f - a)) * 0.5f;
  const F whole = i2f(parts.n), large = whole * 0x1.62e4p-1f + c_high;  // exact
  const F s1 = large + f, e1 = f - (s1 - large);
  const F s2 = s1 - square, e2 = (s1 - s2) - square;
  const F small = ((f * f) * f) * p - square_low + (f_low - f_low * f) + (whole * 0x1.7f7d1cp-20f + c_low);
  const F low = (e1 + e2) + small;
  const F high = s2 + low;
  return {high, low - (high - s2)};
}

FUNCTION F pow(F x, F y) {  // 2
  const I size = magnitude(x), power = magnitude(y);
  const Pair l = precise_logarithm(abs(x));
  const F product = y * l.high;
  const F y1 = upper_half(y), y2 = y - y1, l1 = upper_half(l.high), l2 = l.high - l1;
  const F error = (((y1 * l1 - product) + (y1 * l2 + y2 * l1)) + y2 * l2) + y * l.low;
  F result = exponential(product, where(magnitude(product) > 0x42f00000, 0.0f, error));
  const M shrinks = bits(y) < 0;
  const F zero = 0.0f, infinite = flt(I(0x7f800000));
  result = where(equal(size, I(0)), where(shrinks, infinite, zero), result);
  result = where(equal(size, I(0x7f800000)), where(shrinks, zero, infinite), result);
  result = where(equal(size, I(0x3f800000)), 1.0f, result);
  // Whether y is whole, and odd, is read from its bits.
  const I exponent = shr<23>(power) - 127;
  const I shift = where(exponent > 31, I(31), where(exponent < 0, I(0), exponent));
  const M small = exponent < 0;
  const M whole = logicalAnd(logicalNot(small), equal(power & shrv(0x007fffff, shift), I(0)));
  const I odd_bit = ((power & 0x007fffff) | 0x00800000) & shrv(0x00800000, shift);
  const M odd = logicalNot(logicalOr(small, equal(odd_bit, I(0))));
  const M negative = bits(x) < 0;
  result = where(logicalAnd(negative, odd), -result, result);
  const M usual = logicalAnd(size > 0, size < 0x7f800000);
  result = where(logicalAnd(logicalAnd(negative, usual), logicalNot(whole)), quiet_nan(), result);
  result = keep_nan(x, keep_nan(y, result));
  return where(logicalOr(equal(power, I(0)), equal(bits(x), I(0x3f800000))), 1.0f, result);
}
