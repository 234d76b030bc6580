// gaussian_theory: the gradient variance of affine fields between Gaussians, exactly.
//
// For the field (th, Th) of affine_gaussian.h, A = I + t Th, y = x_t - t th, z = A^-1 y, the
// residual r = u_t - v(x_t, t) and a = A^-T r, the loss |r|^2 of one sample has the gradients
//
//   grad_th = -2 a          grad_Th = -2 a z^T
//
// and a and z are affine in the normals that drive the sample: a = L_a w + m_a, z = L_z w + m_z. By
// Isserlis' theorem, with S_az = L_a L_z^T and so on,
//
//   E|grad_th|^2 = 4 (tr S_aa + |m_a|^2)          E grad_th = -2 m_a
//   E|grad_Th|^2 = 4 [(tr S_aa + |m_a|^2)(tr S_zz + |m_z|^2) + 2 |S_az|_F^2 + 4 m_a^T S_az m_z]
//                                                 E grad_Th = -2 (S_az + m_a m_z^T)
//
// at one time. Over times uniform on [t0, t1] the trace of the covariance is the mean of the second
// moments less the squared norm of the mean gradient; the integrals are Gauss-Legendre on panels
// that are halved until they agree. Coordinates that nothing links are taken apart
// (gaussian_block.h), so that a rotation in planes costs what its planes do. Every trace is that of
// one sample's gradient under the law itself: there is no estimator and no 1/N.
//
// Derived from Lemma 1 and Proposition 1 of Reu et al., "Gradient variance reveals failure modes in
// flow-based generative models" (2025).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "autograd/statistics.h"
#include "flow/affine_map.h"
#include "flow/gaussian_block.h"
#include "flow/interpolant.h"

namespace gradvar {

// The law of (x0, x1): x0 normal, and x1 a map of it or a normal of its own.
struct GaussianCoupling {
  GaussianMoments source;
  std::optional<AffineMap> map;  // x1 = A x0 + b, or
  GaussianMoments target;        // x1 independent with this law; unused when there is a map

  [[nodiscard]] static GaussianCoupling mapped(GaussianMoments source, AffineMap map);
  [[nodiscard]] static GaussianCoupling independent(GaussianMoments source, GaussianMoments target);
};

// At one time.
struct GaussianTimePoint {
  MomentSummary theta, matrix;  // given t: trace of the covariance, squared norm of the mean
  double loss = 0;              // E |u_t - v|^2
  [[nodiscard]] MomentSummary whole() const;
};

// Over t uniform on [t_begin, t_end].
struct GaussianVariance {
  MomentSummary theta = {}, matrix = {};
  double loss = 0;
  std::int64_t nodes = 0;  // times at which moments were taken
  // The times in the interval at which the field is singular. Where the coupling's residual
  // vanishes with it (Proposition 1) such a time is one point and leaves the integral as it is.
  std::vector<double> singular_times = {};
  // Why traces are infinite; empty when all are finite.
  std::string divergence = {};
  [[nodiscard]] MomentSummary whole() const;
  [[nodiscard]] bool finite() const { return divergence.empty(); }
};

class GaussianTheory {
 public:
  // `field` is the affine map whose field it is: th = b, Th = A - I, any matrix and offset. Throws
  // std::invalid_argument when dimensions differ, a number is not finite, a covariance is not
  // symmetric positive definite, or the interpolant is not valid.
  GaussianTheory(const GaussianCoupling& coupling, const AffineMap& field,
                 const Interpolant& interpolant);

  // The same with another size of noise; what is costly in many dimensions is not done again.
  // Throws std::invalid_argument for a sigma that is not valid.
  [[nodiscard]] GaussianTheory with_sigma(double sigma) const;

  // Throws std::invalid_argument unless 0 <= t <= 1, when the field is singular at t, and where the
  // full bridge has no target, naming the time.
  [[nodiscard]] GaussianTimePoint at(double t) const;

  // Traces and loss are infinite, with the reason, for the full bridge up to t = 0 or 1, where
  // gamma'(t)^2 ~ sigma^2 / (4 t) has no finite integral; and when the field has a singular time
  // the coupling does not share: there the mean gradient has a pole of odd order, so that it has no
  // integral either and mean_squared_norm is NaN. Throws
  // std::invalid_argument unless 0 <= t_begin < t_end <= 1, and std::runtime_error when an integral
  // does not converge: moments that overflow, mostly. Calls `after_time`, where given, whenever
  // another time is done: a single large block takes seconds for a few of them.
  [[nodiscard]] GaussianVariance over(double t_begin = 0, double t_end = 1,
                                      const std::function<void()>& after_time = {}) const;

  // Times in (-inf, inf) at which I + t Th is singular, ascending, each once.
  [[nodiscard]] const std::vector<double>& singular_times() const { return singular_; }

 private:
  struct Moments;
  struct Integral;
  [[nodiscard]] double condition(double t) const;
  [[nodiscard]] Moments moments(UnitTime at) const;
  void add_panel(double begin, double end, Integral& integral) const;
  // The singular time in the interval at which second moments are infinite, if any.
  [[nodiscard]] std::optional<double> pole(double t_begin, double t_end) const;

  Interpolant interpolant_;
  std::vector<GaussianBlock> blocks_;
  std::vector<double> singular_;
};

// The least size of noise found, scanning upwards by factors of 1.5, at which the gradient variance
// at the optimal field is no more than that at the field of the coupling itself (Figure 4 of the
// paper, which does not hold below it). What lies above is not looked at.
struct PhaseBoundary {
  std::optional<double> sigma;  // to 1e-10 relative
  std::string reason;           // when there is none, or it is 0
};
// The coupling x1 = A x0 + b of N(0, S0) with N(m1, S1) against the optimal map between the same
// two. `kind` is kConstantNoise or kBridge. Looks for sigma in [1e-8, 1e4] times the root of the
// mean variance of the source. `after_time` as in GaussianTheory::over. Throws
// std::invalid_argument for other kinds, and for what GaussianTheory refuses.
[[nodiscard]] PhaseBoundary phase_boundary(const GaussianMoments& source, const AffineMap& coupling,
                                           InterpolantKind kind,
                                           BridgeTarget target = BridgeTarget::kDisplacement,
                                           double t_begin = 0, double t_end = 1,
                                           const std::function<void()>& after_time = {});

}  // namespace gradvar
