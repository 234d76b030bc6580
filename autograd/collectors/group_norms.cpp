#include "autograd/collectors/group_norms.h"

#include <algorithm>
#include <new>
#include <vector>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/collectors/sum.h"
#include "autograd/kernels.h"

namespace gradvar {

namespace {

// The uses of samples [begin, begin + count), in `uses`.
template <class Real>
SampleGradients<Real> part_of(const SampleGradients<Real>& g, std::int64_t begin,
                              std::int64_t count, std::vector<Factor<Real>>& uses) {
  uses.assign(g.uses.begin(), g.uses.end());
  for (Factor<Real>& use : uses) {
    use.delta += begin * g.delta_size(use);
    if (g.a_size(use) > 0) use.a += begin * g.a_size(use);
  }
  SampleGradients<Real> part = g;
  part.batch = count;
  part.uses = uses;
  return part;
}

template <class Real>
double norm_by_products(const SampleGradients<Real>& g, std::span<const Real> weights,
                        Arena& scratch) {
  const ArenaScope scope(scratch);
  const std::int64_t s = g.batch, p = g.fan_out, d = g.fan_in;
  Real* a_products = scratch.allocate<Real>(s * s);
  Real* delta_products = scratch.allocate<Real>(s * s);
  const auto products = [&](const Real* x, std::int64_t columns, Real* out) {
    blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, s, s, columns, Real(1), x, columns, x,
               columns, Real(0), out, s);
  };
  products(g.uses[0].a, d, a_products);
  products(g.uses[0].delta, p, delta_products);
  const auto weight = [&](std::int64_t n) {
    return weights.empty() ? 1.0 : static_cast<double>(weights[n]);
  };
  double total = 0;
  for (std::int64_t n = 0; n < s; ++n) {
    double row = 0;
    for (std::int64_t m = 0; m < s; ++m) {
      row += weight(m) * static_cast<double>(a_products[n * s + m]) *
             static_cast<double>(delta_products[n * s + m]);
    }
    total += weight(n) * row;
  }
  return std::max(total, 0.0);  // a square; rounding may leave a tiny negative number
}

template <class Real>
class GroupNormsFold final : public GradientFold<Real> {
 public:
  // `sum` [size] is scratch.
  GroupNormsFold(std::int64_t size, std::int64_t group, std::span<const Real> weights, Real* sum,
                 double* out)
      : size_(size), group_(group), weights_(weights), sum_(sum), out_(out) {}

  void take(std::int64_t n, const Real* g) override {
    const Real weight = weights_.empty() ? Real(1) : weights_[n];
    if (n % group_ == 0) {
      kernels::scaled(weight, g, sum_, size_);
    } else {
      kernels::accumulate_scaled(weight, g, sum_, size_);
    }
    if ((n + 1) % group_ == 0) kernels::row_squared_norms(sum_, out_ + n / group_, 1, size_);
  }
  void finish() override {}

 private:
  std::int64_t size_, group_;
  std::span<const Real> weights_;
  Real* sum_;
  double* out_;
};

}  // namespace

template <class Real>
void GroupNormsCollector<Real>::begin(const ParameterLayout& layout, const BatchPlan<Real>& plan) {
  for (int lane = 0; lane < plan.lanes; ++lane) {
    const LanePool::Range range = LanePool::piece(plan.batch, plan.lanes, lane);
    check(range.begin % group_ == 0 && range.end % group_ == 0, "group-norms", [&] {
      return "lane " + std::to_string(lane) + " has samples " + std::to_string(range.begin) +
             " to " + std::to_string(range.end) + " and cuts a group of " + std::to_string(group_) +
             "; make the batch a multiple of lanes x group";
    });
  }
  groups_ = plan.batch / group_;
  parameters_ = layout.count();
  by_parameter_.assign(parameters_ * groups_, 0.0);
  whole_.assign(groups_, 0.0);
}

template <class Real>
void GroupNormsCollector<Real>::collect(const SampleGradients<Real>& gradients,
                                        const LaneRows<Real>& rows, Arena& scratch) {
  const ArenaScope scope(scratch);
  const std::int64_t p = gradients.fan_out, d = gradients.fan_in, size = gradients.size();
  const bool by_products = gradients.single_outer() && group_ * (p + d) < p * d;
  Real* tile = by_products ? nullptr : scratch.allocate<Real>(size);
  double* out = place(gradients, rows);
  std::vector<Factor<Real>> uses;
  for (std::int64_t n = 0; n < rows.count; n += group_) {
    const SampleGradients<Real> part = part_of(gradients, n, group_, uses);
    const std::span<const Real> weights =
        rows.weights.empty() ? rows.weights : rows.weights.subspan(n, group_);
    if (by_products) {
      out[n / group_] = norm_by_products(part, weights, scratch);
    } else {
      sum_gradients(part, weights, scratch, tile);
      kernels::row_squared_norms(tile, out + n / group_, 1, size);
    }
  }
}

template <class Real>
GradientFold<Real>* GroupNormsCollector<Real>::fold(const SampleGradients<Real>& gradients,
                                                    const LaneRows<Real>& rows, Arena& scratch) {
  const std::int64_t size = gradients.size();
  Real* sum = scratch.allocate<Real>(size);
  return new (scratch.allocate<GroupNormsFold<Real>>(1))
      GroupNormsFold<Real>(size, group_, rows.weights, sum, place(gradients, rows));
}

template <class Real>
void GroupNormsCollector<Real>::merge(LanePool&) {
  for (int k = 0; k < parameters_; ++k) {
    for (std::int64_t j = 0; j < groups_; ++j) whole_[j] += by_parameter_[k * groups_ + j];
  }
}

template <class Real>
std::span<const double> GroupNormsCollector<Real>::squared_norms(ParameterId parameter) const {
  return std::span<const double>(by_parameter_).subspan(parameter.index * groups_, groups_);
}

template class GroupNormsCollector<float>;
template class GroupNormsCollector<double>;

}  // namespace gradvar
