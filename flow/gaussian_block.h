// gaussian_block: coordinates that keep to themselves in the affine theory (gaussian_theory.h).
//
// A rotation in planes moves each plane alone, a diagonal covariance each coordinate: then field,
// coupling and noise all fall apart into blocks, and moments are sums over blocks of small matrices
// instead of products of large ones; blocks that are alike are computed once. In general there is a
// single block.
//
// A = I + t Th is taken as (1-t) I + t M with M = I + Th the map whose field it is: where M is
// small, A is near t = 1, and Th = M - I has lost M's digits.
#pragma once

#include <vector>

#include "autograd/tensor.h"
#include "flow/interpolant.h"

namespace gradvar {

// A time and what is left of it to 1, to all digits of both: as 1 - t the rest has lost its own
// near t = 1, where a small M makes moments change within them.
struct UnitTime {
  double t, rest;
  [[nodiscard]] static UnitTime at(double t) { return {t, 1 - t}; }
};

class GaussianBlock {
 public:
  // theta [b], map M [b,b]; x0, x1 [m + 1, b]: coefficients of the m normals that drive them, then
  // the mean.
  GaussianBlock(Tensor<double> theta, Tensor<double> map, Tensor<double> x0, Tensor<double> x1);

  // What a block and its copies add at one time. a, z, r as in gaussian_theory.h.
  struct Moments {
    double a_squares = 0, z_squares = 0;  // tr S_aa + |m_a|^2, tr S_zz + |m_z|^2
    double az_squares = 0;                // |S_az|_F^2
    double mixed = 0;                     // m_a^T S_az m_z
    double loss = 0;                      // E |r|^2
    double residual = 0, rounding = 0;    // the largest |r|, and how far it may be off
    // -2 m_a [b] and -2 (S_az + m_a m_z^T) [b,b], times the root of the number of copies, so that
    // their squares add up.
    std::vector<double> mean_theta, mean_matrix;
  };
  [[nodiscard]] Moments moments(const Interpolant& interpolant, UnitTime at) const;
  // (|1-t| + t |M|) |A^-1|, which counts that A is the small difference of its parts near a
  // singular time; infinite at one, and taken for one above kMaxCondition (as in
  // autograd/ops/affine_gaussian.cpp).
  static constexpr double kMaxCondition = 1e12;
  [[nodiscard]] double condition(UnitTime at) const;
  // Times at which A is singular, in no order: 1 / (1 - mu) for the real eigenvalues mu of M.
  [[nodiscard]] std::vector<double> singular_times() const;
  [[nodiscard]] std::int64_t dim() const { return theta_.size(); }
  [[nodiscard]] std::int64_t copies() const { return copies_; }
  // One more of these, when the other is the same to the bit.
  [[nodiscard]] bool absorb(const GaussianBlock& other);

 private:
  struct Factors;
  struct Rows;  // x_t and u_t as x0 and x1 are
  [[nodiscard]] Factors factorise(UnitTime at) const;
  [[nodiscard]] Rows rows(const Interpolant& interpolant, UnitTime at) const;

  Tensor<double> theta_, map_, x0_, x1_;
  std::int64_t copies_ = 1;
};

// theta [d], map [d,d], x0, x1 [m + 1, d] in blocks: two coordinates are in one where an entry of
// the map links them, or a normal drives both; with `together` there is a single block. Normals
// that drive nothing are left out.
[[nodiscard]] std::vector<GaussianBlock> gaussian_blocks(const Tensor<double>& theta,
                                                         const Tensor<double>& map,
                                                         const Tensor<double>& x0,
                                                         const Tensor<double>& x1, bool together);

}  // namespace gradvar
