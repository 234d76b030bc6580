#include "flow/affine_map.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

void check_dimensions(const GaussianMoments& source, const GaussianMoments& target) {
  const std::int64_t d = source.mean.size();
  check(target.mean.size() == d && d >= 1, "coupling",
        "the source has " + std::to_string(d) + " coordinates, the target " +
            std::to_string(target.mean.size()) + ": a map between them needs equally many");
  const auto check_covariance = [&](const GaussianMoments& side, const char* what) {
    check(side.covariance.shape() == Shape{d, d}, what,
          "the covariance is " + side.covariance.shape().to_string() + ", expected " +
              Shape{d, d}.to_string() + " for a mean of " + std::to_string(d) + " coordinates");
  };
  check_covariance(source, "source");
  check_covariance(target, "target");
}

void check_orthogonal(const Tensor<double>& rotation) {
  const std::int64_t d = rotation.rows();
  for (std::int64_t i = 0; i < d; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      const double entry = blas::dot(d, rotation.row(i).data(), rotation.row(j).data());
      check(std::abs(entry - (i == j ? 1 : 0)) <= 1e-12, "coupling", [&] {
        return "the rotation R is not orthogonal: entry (" + std::to_string(i + 1) + ", " +
               std::to_string(j + 1) + ") of R R^T is " + number_text(entry);
      });
    }
  }
}

// An eigenvalue within the rounding of the decomposition cannot be told from 0.
void check_definite(double smallest, double largest, std::int64_t d, const char* what) {
  const double rounding = static_cast<double>(d) * std::numeric_limits<double>::epsilon();
  check(smallest > rounding * largest, what,
        "the covariance is not positive definite: its smallest eigenvalue is " +
            number_text(smallest) + ", its largest " + number_text(largest));
}

bool is_diagonal(const Tensor<double>& matrix) {
  const std::int64_t d = matrix.rows();
  for (std::int64_t i = 0; i < d * d; ++i) {
    if (matrix[i] != 0 && i / d != i % d) return false;
  }
  return true;
}

// Its own decomposition: nothing to solve, and zeros stay zeros.
Tensor<double> diagonal_power(const Tensor<double>& matrix, double exponent, const char* what) {
  const std::int64_t d = matrix.rows();
  Tensor<double> result(Shape{d, d});
  double smallest = matrix[0], largest = matrix[0];
  for (std::int64_t i = 0; i < d; ++i) {
    const double value = matrix[i * d + i];
    smallest = std::min(smallest, value);
    largest = std::max(largest, value);
    result[i * d + i] = std::pow(value, exponent);
  }
  check_definite(smallest, largest, d, what);
  return result;
}

// b = m1 - A m0.
AffineMap with_offset(Tensor<double> matrix, const GaussianMoments& source,
                      const GaussianMoments& target) {
  const std::int64_t d = source.mean.size();
  AffineMap map{std::move(matrix), target.mean};
  map.offset.reshape({d});
  for (std::int64_t i = 0; i < d; ++i) {
    map.offset[i] -= blas::dot(d, map.matrix.data() + i * d, source.mean.data());
  }
  return map;
}

}  // namespace

Tensor<double> AffineMap::apply(const Tensor<double>& x) const {
  const std::int64_t d = dim();
  check(
      x.row_size() == d, "affine map",
      "a point has " + std::to_string(x.row_size()) + " coordinates, the map " + std::to_string(d));
  Tensor<double> y(x.shape());
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    std::copy(offset.values().begin(), offset.values().end(), y.row(n).begin());
  }
  blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, x.rows(), d, d, 1.0, x.data(), d,
             matrix.data(), d, 1.0, y.data(), d);
  return y;
}

Tensor<double> rotation_matrix(std::int64_t dim, double degrees, std::int64_t planes) {
  check(dim >= 2, "rotation",
        "there is no plane to rotate in " + std::to_string(dim) + " dimension, expected 2 or more");
  check(planes >= 1 && planes <= dim / 2, "rotation",
        "planes is " + std::to_string(planes) + ", expected 1 to " + std::to_string(dim / 2) +
            " in " + std::to_string(dim) + " dimensions");
  check(std::isfinite(degrees), "rotation",
        "the angle is " + number_text(degrees) + ", expected a finite number of degrees");
  // Whole quarter turns are exact.
  const double turns = degrees / 90;
  const bool exact = turns == std::floor(turns);
  const int quarter = exact ? static_cast<int>(((std::fmod(turns, 4)) + 4)) % 4 : 0;
  // Whole turns are taken off in degrees, where that is exact.
  const double angle = std::remainder(degrees, 360.0) * std::numbers::pi / 180;
  constexpr double kCosines[] = {1, 0, -1, 0};
  const double cosine = exact ? kCosines[quarter] : std::cos(angle);
  const double sine = exact ? kCosines[(quarter + 3) % 4] : std::sin(angle);
  Tensor<double> rotation(Shape{dim, dim});
  for (std::int64_t i = 0; i < dim; ++i) rotation[i * dim + i] = 1;
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    const std::int64_t i = 2 * plane, j = i + 1;
    rotation[i * dim + i] = cosine;
    rotation[i * dim + j] = -sine;
    rotation[j * dim + i] = sine;
    rotation[j * dim + j] = cosine;
  }
  return rotation;
}

Tensor<double> product(const Tensor<double>& a, const Tensor<double>& b) {
  const std::int64_t d = a.rows();
  Tensor<double> c(Shape{d, d});
  blas::gemm(blas::Transpose::kNo, blas::Transpose::kNo, d, d, d, 1.0, a.data(), d, b.data(), d,
             0.0, c.data(), d);
  return c;
}

Tensor<double> symmetric_power(const Tensor<double>& matrix, double exponent, const char* what) {
  const std::int64_t d = matrix.rows();
  check(matrix.shape() == Shape{d, d} && d >= 1, what,
        "the covariance is " + matrix.shape().to_string() + ", expected a square matrix");
  double largest = 0;
  for (const double x : matrix.values()) largest = std::max(largest, std::abs(x));
  for (std::int64_t i = 0; i < d; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      check(std::abs(matrix[i * d + j] - matrix[j * d + i]) <= 1e-12 * largest, what, [&] {
        return "the covariance is not symmetric: entries (" + std::to_string(i + 1) + ", " +
               std::to_string(j + 1) + ") and (" + std::to_string(j + 1) + ", " +
               std::to_string(i + 1) + ") differ";
      });
    }
  }
  if (is_diagonal(matrix)) return diagonal_power(matrix, exponent, what);
  Tensor<double> vectors = matrix;  // rows, after the call
  std::vector<double> values(d);
  blas::symmetric_eigen(d, vectors.data(), values.data());
  check_definite(values[0], values[d - 1], d, what);
  Tensor<double> scaled = vectors;
  for (std::int64_t k = 0; k < d; ++k) {
    const double power = std::pow(values[k], exponent);
    for (double& x : scaled.row(k)) x *= power;
  }
  Tensor<double> result(Shape{d, d});
  blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, d, d, d, 1.0, scaled.data(), d,
             vectors.data(), d, 0.0, result.data(), d);
  return result;
}

AffineMap optimal_map(const GaussianMoments& source, const GaussianMoments& target) {
  check_dimensions(source, target);
  const Tensor<double> root = symmetric_power(source.covariance, 0.5, "source");
  const Tensor<double> inverse_root = symmetric_power(source.covariance, -0.5, "source");
  (void)symmetric_power(target.covariance, 0.5, "target");  // refuses what is no covariance
  Tensor<double> between = product(product(root, target.covariance), root);
  // Symmetric in exact arithmetic; made so in this one.
  const std::int64_t d = between.rows();
  for (std::int64_t i = 0; i < d; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      const double mean = (between[i * d + j] + between[j * d + i]) / 2;
      between[i * d + j] = between[j * d + i] = mean;
    }
  }
  const Tensor<double> c = symmetric_power(between, 0.5, "coupling");
  return with_offset(product(product(inverse_root, c), inverse_root), source, target);
}

AffineMap rotated_map(const GaussianMoments& source, const GaussianMoments& target,
                      const Tensor<double>& rotation) {
  const AffineMap optimal = optimal_map(source, target);
  check(rotation.shape() == optimal.matrix.shape(), "coupling",
        "the rotation is " + rotation.shape().to_string() + ", expected " +
            optimal.matrix.shape().to_string());
  check_orthogonal(rotation);
  const Tensor<double> root = symmetric_power(source.covariance, 0.5, "source");
  const Tensor<double> inverse_root = symmetric_power(source.covariance, -0.5, "source");
  return with_offset(product(product(product(optimal.matrix, root), rotation), inverse_root),
                     source, target);
}

}  // namespace gradvar
