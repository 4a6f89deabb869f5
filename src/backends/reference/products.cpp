#include "backends/reference/products.h"

#include <Eigen/Core>

namespace webai::reference {
namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Input = Eigen::Map<const Matrix>;

class DoubleProduct final : public HostKernel {
 public:
  explicit DoubleProduct(const KernelRequest& request)
      : a_(request.input(0).shape), b_(request.input(1).shape),
        transpose_a_(request.node.attributes.boolean("transposeA")),
        transpose_b_(request.node.attributes.boolean("transposeB")) {}

  // lazyProduct: plain sums in a fixed order, and no memory taken for packing.
  void run(void* const* operands, void*) override {
    const Input a(static_cast<const double*>(operands[0]), a_[0], a_[1]);
    const Input b(static_cast<const double*>(operands[1]), b_[0], b_[1]);
    Eigen::Map<Matrix> c(static_cast<double*>(operands[2]), transpose_a_ ? a_[1] : a_[0],
                         transpose_b_ ? b_[0] : b_[1]);
    if (transpose_a_ && transpose_b_)
      c.noalias() = a.transpose().lazyProduct(b.transpose());
    else if (transpose_a_)
      c.noalias() = a.transpose().lazyProduct(b);
    else if (transpose_b_)
      c.noalias() = a.lazyProduct(b.transpose());
    else
      c.noalias() = a.lazyProduct(b);
  }

 private:
  Shape a_, b_;
  bool transpose_a_, transpose_b_;
};

}  // namespace

std::unique_ptr<HostKernel> make_double_product(const KernelRequest& request, std::string& reason) {
  const bool fits = request.input(0).type == DType::fp64 && request.input(0).shape.rank() == 2 &&
                    request.input(1).shape.rank() == 2 && !request.node.chain;
  if (fits) return std::make_unique<DoubleProduct>(request);
  reason = "only products of two fp64 matrices";
  return nullptr;
}

}  // namespace webai::reference
