// student_t: the multivariate Student law, for tails heavier than any Gaussian's.
//
//   x = scale z sqrt(df / c)     z standard normal in `dim` dimensions, c chi-squared with `df`
//                                degrees of freedom, one for all coordinates of a sample
//
// The larger df, the nearer to N(0, scale^2 I). The covariance is scale^2 df / (df - 2) I from 3
// degrees on and infinite below; moments of order df and above do not exist.
#pragma once

#include "data/distribution.h"

namespace gradvar {

struct StudentTOptions {
  std::int64_t dim = 2;
  std::int64_t df = 3;  // whole: c is a sum of so many squares
  double scale = 1;
};

class StudentT final : public Distribution {
 public:
  // Throws std::invalid_argument unless dim >= 1, df is 1 to kMostDegrees, and scale is above 0 and
  // finite.
  static constexpr std::int64_t kMostDegrees = 1000;
  explicit StudentT(const StudentTOptions& options);

  [[nodiscard]] Shape sample_shape() const override { return Shape{options_.dim}; }
  [[nodiscard]] std::string spec() const override;

 protected:
  void draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                std::span<double> out) const override;

 private:
  StudentTOptions options_;
};

}  // namespace gradvar
