// pair_fields: what finitely many pairs ask of a field, in closed form.
//
// With noise of size c(t) around the lines mu_i(t) = a(t) x0_i + b(t) x1_i a training point (x, t)
// could have come from any pair, with the posterior
//
//   w_i(x, t) = softmax_i(-|x - mu_i(t)|^2 / (2 c(t)^2))
//
// The exact minimiser of the flow-matching loss is the posterior mean of the target,
// v*(x, t) = sum_i w_i u_i, where u_i = mu_i'(t), and for the full bridge also
// (c'/c)(x - mu_i(t)): a pair and a point fix z. What no field can get below is the loss floor
// E sum_i w_i |u_i - v*|^2. How much a point tells about its pair is pair_identifiability.h.
//
// As c -> 0 the posterior becomes the nearest line, shared out evenly where several are equally
// near, and that is what is computed for c = 0 and where c^2 underflows.
//
// The memorising field takes the nearest line alone. It has zero loss off crossings, and following
// it from a training source ends at its partner: Proposition 2 of Reu et al., "Gradient variance
// reveals failure modes in flow-based generative models" (2025).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "autograd/lanes.h"
#include "flow/field.h"
#include "flow/interpolant.h"

namespace gradvar {

// The posterior itself. Keeps a copy of the pairs; const functions may run at the same time.
class PairPosterior {
 public:
  // x0, x1 [N, sample...]. Throws std::invalid_argument when they differ in shape, there are none,
  // a number is not finite, or the interpolant is not valid.
  PairPosterior(const Tensor<double>& x0, const Tensor<double>& x1, const Interpolant& interpolant);

  [[nodiscard]] std::int64_t pairs() const { return x0_.rows(); }
  [[nodiscard]] const Shape& sample_shape() const { return sample_shape_; }
  [[nodiscard]] const Interpolant& interpolant() const { return interpolant_; }
  // Fills w [N] for one point x [d]; returns its entropy in nats. All NaN when x is not finite.
  [[nodiscard]] double weights(std::span<const double> x, double t, std::span<double> w) const;
  // v* [d] from those weights.
  void mean_target(std::span<const double> x, double t, std::span<const double> w,
                   std::span<double> v) const;
  // sum_i w_i |u_i - v|^2.
  [[nodiscard]] double target_variance(std::span<const double> x, double t,
                                       std::span<const double> w, std::span<const double> v) const;
  // The nearest line at t, the first of them when several are equally near.
  [[nodiscard]] std::int64_t nearest(std::span<const double> x, double t) const;
  // x_t of a pair, and its u_t, for noise z [d] (ignored without noise).
  void point(std::int64_t pair, double t, std::span<const double> z, std::span<double> x) const;
  // mu_i'(t), the velocity along a line.
  void line_velocity(std::int64_t pair, double t, std::span<double> u) const;
  // Throws std::invalid_argument where the interpolant has no point or no target, naming t: a
  // bridge outside [0, 1], the full bridge at 0 and 1.
  void check_time(double t) const;

 private:
  // Fills squared distances [N] to the lines, returns the least.
  [[nodiscard]] double distances(std::span<const double> x, double t,
                                 std::span<double> squared) const;

  Tensor<double> x0_, x1_;  // [N,d]
  Shape sample_shape_;
  Interpolant interpolant_;
};

// v*(x, t). O(N d) a row, computed in f64.
template <class Real>
class PairMinimiserField final : public Field<Real> {
 public:
  // Rows are shared out over the pool's threads when there is one, which must outlive the field.
  // Throws like PairPosterior.
  PairMinimiserField(const Tensor<double>& x0, const Tensor<double>& x1,
                     const Interpolant& interpolant, LanePool* pool = nullptr);

  [[nodiscard]] Shape sample_shape() const override { return posterior_.sample_shape(); }
  // Throws also where the interpolant has no target (PairPosterior::check_time).
  void velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                std::span<Real> out) const override;

 private:
  PairPosterior posterior_;
  LanePool* pool_;
};

// mu_i'(t) of the line nearest to x at t: x1_i - x0_i for all interpolants but the trigonometric,
// whose lines are arcs; noise does not count. The first where several are equally near, as at the
// one point where all lines of Counter-example 1 meet.
template <class Real>
class NearestLineField final : public Field<Real> {
 public:
  NearestLineField(const Tensor<double>& x0, const Tensor<double>& x1,
                   const Interpolant& interpolant = {}, LanePool* pool = nullptr);

  [[nodiscard]] Shape sample_shape() const override { return posterior_.sample_shape(); }
  void velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                std::span<Real> out) const override;

 private:
  PairPosterior posterior_;
  LanePool* pool_;
};

}  // namespace gradvar
