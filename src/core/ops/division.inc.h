// Division and square root, correctly rounded from guesses that are a few units wrong. No includes, no include guard:
// read behind functions.inc.h and with its words, of which it uses the integer ones, and two more:
//
//   guess_quotient(F, F)   of two numbers in 1 .. 2, at most 7 units of the last place wrong
//   guess_root(F)          of a number in 1 .. 4, likewise
//
// The guess is moved to the whole quotient (root) below by its remainder, which fits 32 wrapping bits although the
// products do not; the remainder then rounds it. Denormals are whole numbers here, so devices that flush them agree.

struct Normal {
  I exponent;  // biased; 1 - 149 and more for denormals
  I mantissa;  // with its leading bit: 2^23 .. 2^24 - 1; of 0, without meaning
};
/// Of a magnitude's bits.
FUNCTION Normal normal_of(I word) {
  const M denormal = word < 0x00800000;
  const I moved = where(denormal, bits(i2f(word & 0x007fffff)), word);
  return {shr<23>(moved) - where(denormal, I(149), I(0)), (moved & 0x007fffff) | 0x00800000};
}
FUNCTION F of_mantissa(I mantissa, I exponent) { return flt((mantissa & 0x007fffff) | exponent); }

struct Whole {
  I value, rest;
};
FUNCTION Whole quotient_step(Whole q, I divisor, I step) {
  const I less = q.rest - divisor * step;
  const M fits = logicalNot(less < 0);
  return {where(fits, q.value + step, q.value), where(fits, less, q.rest)};
}
FUNCTION Whole root_step(Whole q, I step) {
  const I less = q.rest - step * (q.value + q.value + step);
  const M fits = logicalNot(less < 0);
  return {where(fits, q.value + step, q.value), where(fits, less, q.rest)};
}

/// a / b
FUNCTION F rounded_quotient(F a, F b) {
  const I size_a = magnitude(a), size_b = magnitude(b), sign = (bits(a) ^ bits(b)) & 0x80000000;
  const Normal x = normal_of(size_a), y = normal_of(size_b);
  // With one bit more where x is the smaller one, the quotient's mantissa has 24 bits.
  const I more = where(x.mantissa < y.mantissa, I(1), I(0));
  const F guess = guess_quotient(of_mantissa(x.mantissa, 0x3f800000), of_mantissa(y.mantissa, 0x3f800000));
  const I start = bits(guess) + shl<23>(more) - 0x3f000000 - 8;  // guess * 2^(23 + more) - 8
  Whole q{start, shlv(x.mantissa, more + 23) - start * y.mantissa};
  q = quotient_step(q, y.mantissa, 8);
  q = quotient_step(q, y.mantissa, 4);
  q = quotient_step(q, y.mantissa, 2);
  q = quotient_step(q, y.mantissa, 1);
  // Two bits behind the quotient: the half, and whether there is more; then rounded where its exponent says.
  const I twice = q.rest + q.rest;
  const M half = logicalNot(twice < y.mantissa), exact = logicalOr(equal(q.rest, I(0)), equal(twice, y.mantissa));
  const I wide = shl<2>(q.value) | where(half, I(2), I(0)) | where(exact, I(0), I(1));
  const I exponent = x.exponent - y.exponent + 127 - more;
  const M tiny = exponent < 1;
  const I below = where(exponent < -25, I(26), 1 - exponent);
  const I shift = where(tiny, below + 2, I(2));
  const I rounded = shrv(wide + shrv(shlv(I(1), shift), 1) - 1 + (shrv(wide, shift) & 1), shift);
  const I finite = rounded + where(tiny, I(0), shl<23>(exponent - 1));
  const I infinite = 0x7f800000, none = 0x7fc00000;
  I result = where(exponent > 254, infinite, finite);
  const M a_zero = equal(size_a, I(0)), b_zero = equal(size_b, I(0));
  const M a_infinite = equal(size_a, infinite), b_infinite = equal(size_b, infinite);
  result = where(logicalOr(a_zero, b_infinite), I(0), result);
  result = where(logicalOr(b_zero, a_infinite), infinite, result);
  const M undefined = logicalOr(logicalAnd(a_zero, b_zero), logicalAnd(a_infinite, b_infinite));
  const M not_number = logicalOr(logicalOr(is_nan(a), is_nan(b)), undefined);
  return flt(where(not_number, none, result | sign));
}

/// The square root of a
FUNCTION F rounded_root(F a) {
  const I size = magnitude(a);
  const Normal x = normal_of(size);
  const I exponent = x.exponent - 127, odd = exponent & 1;
  const F guess = guess_root(of_mantissa(x.mantissa, 0x3f800000 + shl<23>(odd)));
  const I start = bits(guess) - 0x3f000000 - 8;  // guess * 2^23 - 8
  Whole q{start, shlv(x.mantissa, odd + 23) - start * start};
  q = root_step(q, 8);
  q = root_step(q, 4);
  q = root_step(q, 2);
  q = root_step(q, 1);
  const I rounded = where(q.rest > q.value, q.value + 1, q.value);  // never halfway
  const I result = rounded + shl<23>(sar<1>(exponent - odd) + 126);
  const M itself = logicalOr(equal(size, I(0)), equal(bits(a), I(0x7f800000)));
  const M not_number = logicalOr(is_nan(a), logicalAnd(bits(a) < 0, size > 0));
  return flt(where(not_number, I(0x7fc00000), where(itself, bits(a), result)));
}
