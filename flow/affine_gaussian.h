// affine_gaussian: the field of an affine map, v(x, t) = th + Th (I + t Th)^-1 (x - t th).
//
// Lemma 1 of Reu, Dromigny, Bronstein and Vargas, "Gradient variance reveals failure modes in
// flow-based generative models" (2025). Along the lines (1-t) x0 + t (A x0 + b), with th = b and
// Th = A - I, it is exactly A x0 + b - x0: the field of zero loss for the coupling x1 = A x0 + b. A
// network without the inverse cannot be exactly this. The parameters are "theta" [d] and
// "Theta" [d,d]; their per-sample gradients are one row and one outer product
// (autograd/ops/affine_gaussian.cpp).
//
// Where an eigenvalue of A is negative the field has a singular time in (0, 1): lines meet there.
// Evaluating it at that time is an error that names the time and the sample.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "flow/affine_map.h"
#include "nn/model.h"

namespace gradvar {

template <class Real>
class AffineGaussianField final : public Model<Real> {
 public:
  // The zero field, that of the identity. Throws std::invalid_argument unless dim >= 1.
  explicit AffineGaussianField(std::int64_t dim);
  // The field of a map: theta = b, Theta = A - I, rounded to Real.
  explicit AffineGaussianField(const AffineMap& map);

  [[nodiscard]] Shape sample_shape() const override { return {dim_}; }
  // x [B,d], t [B,1]; returns v [B,d]. Throws std::invalid_argument when a shape does not fit, or
  // I + t Theta is singular at the time of a sample, naming both.
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x, Value t) const override;
  // "affine-gaussian:dim=2".
  [[nodiscard]] std::string spec() const override;
  // The model such a spec describes, zero. Throws std::invalid_argument.
  [[nodiscard]] static AffineGaussianField parse(std::string_view spec);
  // theta = 0, Theta = 0, whatever the seed: the optimal field between equal laws.
  void initialise(std::uint64_t seed) override;

  // Throws std::invalid_argument when the map has another dimension.
  void set(const AffineMap& map);
  [[nodiscard]] ParameterId theta() const { return theta_; }
  [[nodiscard]] ParameterId matrix() const { return matrix_; }

 private:
  std::int64_t dim_;
  ParameterId theta_, matrix_;
};

}  // namespace gradvar
