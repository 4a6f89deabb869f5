// A Ref that knows its builder, with arithmetic, so that gradient rules and bodies read like their formulas.
// Numbers mixed in become scalar constants of the other operand's type.
#pragma once

#include "core/op/builder.h"

namespace webai {

class Term {
 public:
  Term() = default;
  Term(Builder& builder, Ref ref) : builder_(&builder), ref_(ref) {}

  Ref ref() const { return ref_; }
  operator Ref() const { return ref_; }
  explicit operator bool() const { return static_cast<bool>(ref_); }
  Builder& builder() const { return *builder_; }
  const Shape& shape() const { return builder_->shape(ref_); }
  DType dtype() const { return builder_->dtype(ref_); }

  /// emit(op, {this, others...})
  Term apply(std::string_view op, Attributes attributes = {}) const {
    return {*builder_, builder_->emit(op, {ref_}, std::move(attributes))};
  }
  Term apply(std::string_view op, Term other, Attributes attributes = {}) const {
    return {*builder_, builder_->emit(op, {ref_, other.ref_}, std::move(attributes))};
  }
  Term number(double value) const { return {*builder_, builder_->scalar(value, dtype())}; }

 private:
  Builder* builder_ = nullptr;
  Ref ref_;
};

inline Term operator+(Term a, Term b) { return a.apply("add", b); }
inline Term operator-(Term a, Term b) { return a.apply("sub", b); }
inline Term operator*(Term a, Term b) { return a.apply("mul", b); }
inline Term operator/(Term a, Term b) { return a.apply("div", b); }
inline Term operator-(Term a) { return a.apply("neg"); }
inline Term operator+(Term a, double b) { return a + a.number(b); }
inline Term operator+(double a, Term b) { return b.number(a) + b; }
inline Term operator-(Term a, double b) { return a - a.number(b); }
inline Term operator-(double a, Term b) { return b.number(a) - b; }
inline Term operator*(Term a, double b) { return a * a.number(b); }
inline Term operator*(double a, Term b) { return b.number(a) * b; }
inline Term operator/(Term a, double b) { return a / a.number(b); }
inline Term operator/(double a, Term b) { return b.number(a) / b; }

}  // namespace webai
