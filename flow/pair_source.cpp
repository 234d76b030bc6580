#include "flow/pair_source.h"

#include <algorithm>

#include "autograd/check.h"

namespace gradvar {

template <class Real>
FixedPairs<Real>::FixedPairs(const Tensor<double>& x0, const Tensor<double>& x1, std::uint64_t seed)
    : x0_(convert<Real>(x0)), x1_(convert<Real>(x1)), batch_(seed, Purpose::kBatch) {
  check_same_shape("pairs", "x0", x0.shape(), "x1", x1.shape());
  check(x0.rows() >= 1 && x0.shape().rank() >= 2, "pairs",
        "x0 is " + x0.shape().to_string() + ", expected at least one pair, Nxd");
}

template <class Real>
void FixedPairs<Real>::draw(std::uint64_t step, std::int64_t first, std::int64_t count,
                            std::span<Real> x0, std::span<Real> x1) const {
  const std::int64_t d = x0_.row_size();
  for (std::int64_t n = 0; n < count; ++n) {
    const std::uint32_t pair = batch_.below(static_cast<std::uint32_t>(x0_.rows()), step,
                                            static_cast<std::uint32_t>(first + n));
    std::copy_n(x0_.data() + pair * d, d, x0.begin() + n * d);
    std::copy_n(x1_.data() + pair * d, d, x1.begin() + n * d);
  }
}

template class FixedPairs<float>;
template class FixedPairs<double>;

}  // namespace gradvar
