#include "data/gaussian.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"

namespace gradvar {

namespace {

constexpr std::string_view kGaussian = "gaussian";

bool all_finite(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
}

// "(2, 1)", counted from 1.
std::string place(std::int64_t row, std::int64_t column) {
  return "(" + std::to_string(row + 1) + ", " + std::to_string(column + 1) + ")";
}

// The lower L with L L^T = a, row by row. A pivot that is lost in rounding counts as zero.
Tensor<double> cholesky(const Tensor<double>& a) {
  const std::int64_t d = a.rows();
  double largest = 0;
  for (const double entry : a.values()) largest = std::max(largest, std::abs(entry));
  Tensor<double> l(a.shape());
  for (std::int64_t i = 0; i < d; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      if (std::abs(a[i * d + j] - a[j * d + i]) > 1e-12 * largest) {
        fail(kGaussian, "the covariance is not symmetric: entry " + place(i, j) + " is " +
                            number_text(a[i * d + j]) + ", entry " + place(j, i) + " is " +
                            number_text(a[j * d + i]));
      }
      double rest = a[i * d + j];
      for (std::int64_t k = 0; k < j; ++k) rest -= l[i * d + k] * l[j * d + k];
      if (j < i) {
        l[i * d + j] = rest / l[j * d + j];
        continue;
      }
      const double rounding = static_cast<double>(d) * std::numeric_limits<double>::epsilon();
      check(rest > rounding * a[i * d + i], kGaussian,
            "the covariance is not positive definite: the factorisation stops at row " +
                std::to_string(i + 1) + " with the pivot " + number_text(rest));
      l[i * d + i] = std::sqrt(rest);
    }
  }
  return l;
}

}  // namespace

Gaussian::Gaussian(const GaussianOptions& options) : options_(options) {
  const std::int64_t d = options_.shape.size();
  check(options_.shape.rank() > 0 && d > 0, kGaussian,
        "the sample shape is " + options_.shape.to_string() + ", expected at least one coordinate");
  check(std::isfinite(options_.mean), kGaussian, "the mean is not finite");
  check(std::isfinite(options_.scale) && options_.scale > 0, kGaussian,
        "scale is " + number_text(options_.scale) + ", expected a standard deviation above 0");
  const Tensor<double>& mean = options_.mean_vector;
  if (mean.size() > 0) {
    check(mean.size() == d, kGaussian,
          "the mean is " + mean.shape().to_string() + ", expected " + std::to_string(d) +
              " numbers for samples of shape " + options_.shape.to_string());
    check(all_finite(mean.values()), kGaussian, "the mean is not finite");
  }
  const Tensor<double>& covariance = options_.covariance;
  if (covariance.size() > 0) {
    check(covariance.shape() == Shape{d, d}, kGaussian,
          "the covariance is " + covariance.shape().to_string() + ", expected " +
              Shape{d, d}.to_string());
    check(all_finite(covariance.values()), kGaussian, "the covariance is not finite");
    cholesky_ = cholesky(covariance);
  }
}

void Gaussian::draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                        std::span<double> out) const {
  stream.normals(step, sample, out);
  const auto d = static_cast<std::int64_t>(out.size());
  // Backwards, because coordinate i needs the normals of those before it.
  for (std::int64_t i = d - 1; i >= 0; --i) {
    double deviation = 0;
    if (cholesky_.size() == 0) {
      deviation = options_.scale * out[i];
    } else {
      for (std::int64_t j = 0; j <= i; ++j) deviation += cholesky_[i * d + j] * out[j];
    }
    out[i] =
        (options_.mean_vector.size() > 0 ? options_.mean_vector[i] : options_.mean) + deviation;
  }
}

std::optional<GaussianLaw> Gaussian::gaussian_law() const {
  const std::int64_t d = options_.shape.size();
  GaussianLaw law{.mean = options_.mean_vector, .covariance = options_.covariance};
  if (law.mean.size() == 0) {
    law.mean = Tensor<double>(Shape{d});
    std::fill_n(law.mean.data(), d, options_.mean);
  }
  law.mean.reshape(Shape{d});
  if (law.covariance.size() == 0) {
    law.covariance = Tensor<double>(Shape{d, d});
    for (std::int64_t i = 0; i < d; ++i) {
      law.covariance[i * d + i] = options_.scale * options_.scale;
    }
  }
  return law;
}

std::string Gaussian::spec() const {
  const GaussianOptions& o = options_;
  SpecWriter spec("gaussian");
  spec.word(o.shape.rank() == 1 ? "dim" : "shape", o.shape.to_string());
  if (o.mean_vector.size() == 0) {
    spec.number("mean", o.mean);
  } else if (o.mean_source.empty()) {
    spec.numbers("mean", o.mean_vector.values());
  } else {
    spec.word("mean", o.mean_source);
  }
  if (o.covariance.size() == 0) {
    spec.number("scale", o.scale);
  } else if (o.covariance_source.empty()) {
    spec.numbers("covariance", o.covariance.values());
  } else {
    spec.word("covariance", o.covariance_source);
  }
  return spec.text();
}

}  // namespace gradvar
