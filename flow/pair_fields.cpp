#include "flow/pair_fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "autograd/check.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr int kTasks = 64;  // pieces of rows, for any number of threads

Tensor<double> flat_rows(const Tensor<double>& all) {
  Tensor<double> rows = all;
  rows.reshape({all.rows(), all.row_size()});
  return rows;
}

// The lines alone.
Interpolant without_noise(const Interpolant& interpolant) {
  if (interpolant.kind == InterpolantKind::kTrigonometric) return interpolant;
  return {};
}

// Every row of a batch in f64, by f(x, t, v).
template <class Real, class Function>
void for_each_row(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                  std::span<Real> out, LanePool* pool, const Function& f) {
  if (rows == 0) return;
  const std::int64_t d = static_cast<std::int64_t>(x.size()) / rows;
  const int tasks = static_cast<int>(std::min<std::int64_t>(kTasks, rows));
  const auto task = [&](int i) {
    const LanePool::Range range = LanePool::piece(rows, tasks, i);
    std::vector<double> point(d), velocity(d);
    for (std::int64_t n = range.begin; n < range.end; ++n) {
      std::copy_n(x.begin() + n * d, d, point.begin());
      f(point, static_cast<double>(t[n]), velocity);
      std::transform(velocity.begin(), velocity.end(), out.begin() + n * d,
                     [](double v) { return static_cast<Real>(v); });
    }
  };
  if (pool != nullptr) {
    pool->run(tasks, task);
  } else {
    for (int i = 0; i < tasks; ++i) task(i);
  }
}

}  // namespace

PairPosterior::PairPosterior(const Tensor<double>& x0, const Tensor<double>& x1,
                             const Interpolant& interpolant)
    : interpolant_(interpolant) {
  interpolant.validate();
  check_same_shape("pair field", "x0", x0.shape(), "x1", x1.shape());
  check(x0.rows() >= 1 && x0.shape().rank() >= 2, "pair field",
        "x0 is " + x0.shape().to_string() + ", expected at least one pair, Nxd");
  for (const Tensor<double>* side : {&x0, &x1}) {
    for (std::int64_t i = 0; i < side->size(); ++i) {
      check(std::isfinite((*side)[i]), "pair field", [&] {
        return "row " + std::to_string(i / side->row_size()) + " of " +
               (side == &x0 ? "x0" : "x1") + " is not finite";
      });
    }
  }
  sample_shape_ = x0.shape().sample();
  x0_ = flat_rows(x0);
  x1_ = flat_rows(x1);
}

void PairPosterior::check_time(double t) const {
  const Interpolant::Coefficients at = interpolant_.coefficients(t);
  check(std::isfinite(at.c), "pair field",
        [&] { return "t is " + number_text(t) + ", expected 0 <= t <= 1 for a bridge"; });
  check(std::isfinite(at.dc), "pair field",
        [&] { return "t is " + number_text(t) + ", where the full bridge target is infinite"; });
}

double PairPosterior::distances(std::span<const double> x, double t,
                                std::span<double> squared) const {
  const Interpolant::Coefficients at = interpolant_.coefficients(t);
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t i = 0; i < pairs(); ++i) {
    const double* from = x0_.row(i).data();
    const double* to = x1_.row(i).data();
    double sum = 0;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const double apart = x[k] - (at.a * from[k] + at.b * to[k]);
      sum += apart * apart;
    }
    squared[i] = sum;
    least = std::min(least, sum);
  }
  return least;
}

// With e_i = (D_i - min D) / (2 c^2) >= 0 and Z = sum e^-e_i >= 1: w_i = e^-e_i / Z and
// H = log Z + sum w_i e_i, and nothing overflows.
double PairPosterior::weights(std::span<const double> x, double t, std::span<double> w) const {
  const double least = distances(x, t, w);
  if (!std::isfinite(least)) {
    std::ranges::fill(w, std::numeric_limits<double>::quiet_NaN());
    return std::numeric_limits<double>::quiet_NaN();
  }
  const double c = interpolant_.coefficients(t).c;
  double total = 0, mean_exponent = 0;
  for (double& weight : w) {
    const double further = weight - least;
    // An infinite exponent, from c = 0 too, is a weight of 0; 0 / 0 is a line equally near.
    const double exponent = further == 0 ? 0 : further / (2 * c * c);
    weight = std::exp(-exponent);
    total += weight;
    if (weight > 0) mean_exponent += weight * exponent;
  }
  for (double& weight : w) weight /= total;
  return std::log(total) + mean_exponent / total;
}

void PairPosterior::mean_target(std::span<const double> x, double t, std::span<const double> w,
                                std::span<double> v) const {
  const Interpolant::Coefficients at = interpolant_.coefficients(t);
  const double slope = at.dc == 0 ? 0 : at.dc / at.c;
  for (std::size_t k = 0; k < v.size(); ++k) v[k] = slope * x[k];
  const double from_scale = at.da - slope * at.a, to_scale = at.db - slope * at.b;
  for (std::int64_t i = 0; i < pairs(); ++i) {
    if (w[i] == 0) continue;
    const double* from = x0_.row(i).data();
    const double* to = x1_.row(i).data();
    for (std::size_t k = 0; k < v.size(); ++k) {
      v[k] += w[i] * (from_scale * from[k] + to_scale * to[k]);
    }
  }
}

double PairPosterior::target_variance(std::span<const double> x, double t,
                                      std::span<const double> w, std::span<const double> v) const {
  const Interpolant::Coefficients at = interpolant_.coefficients(t);
  const double slope = at.dc == 0 ? 0 : at.dc / at.c;
  double total = 0;
  for (std::int64_t i = 0; i < pairs(); ++i) {
    if (w[i] == 0) continue;
    const double* from = x0_.row(i).data();
    const double* to = x1_.row(i).data();
    double sum = 0;
    for (std::size_t k = 0; k < v.size(); ++k) {
      const double target =
          at.da * from[k] + at.db * to[k] + slope * (x[k] - at.a * from[k] - at.b * to[k]);
      sum += (target - v[k]) * (target - v[k]);
    }
    total += w[i] * sum;
  }
  return total;
}

std::int64_t PairPosterior::nearest(std::span<const double> x, double t) const {
  std::vector<double> squared(pairs());
  (void)distances(x, t, squared);
  return std::min_element(squared.begin(), squared.end()) - squared.begin();
}

void PairPosterior::point(std::int64_t pair, double t, std::span<const double> z,
                          std::span<double> x) const {
  const Interpolant::Coefficients at = interpolant_.coefficients(t);
  for (std::size_t k = 0; k < x.size(); ++k) {
    x[k] = at.a * x0_.row(pair)[k] + at.b * x1_.row(pair)[k];
    if (interpolant_.needs_noise()) x[k] += at.c * z[k];
  }
}

void PairPosterior::line_velocity(std::int64_t pair, double t, std::span<double> u) const {
  const Interpolant::Coefficients at = interpolant_.coefficients(t);
  for (std::size_t k = 0; k < u.size(); ++k) {
    u[k] = at.da * x0_.row(pair)[k] + at.db * x1_.row(pair)[k];
  }
}

template <class Real>
PairMinimiserField<Real>::PairMinimiserField(const Tensor<double>& x0, const Tensor<double>& x1,
                                             const Interpolant& interpolant, LanePool* pool)
    : posterior_(x0, x1, interpolant), pool_(pool) {}

template <class Real>
void PairMinimiserField<Real>::velocity(std::span<const Real> x, std::span<const Real> t,
                                        std::int64_t rows, std::span<Real> out) const {
  this->check_sizes(x, t, rows, out);
  for (const Real time : t) posterior_.check_time(static_cast<double>(time));
  const auto one = [&](std::span<const double> point, double time, std::span<double> v) {
    std::vector<double> w(posterior_.pairs());
    (void)posterior_.weights(point, time, w);
    posterior_.mean_target(point, time, w, v);
  };
  for_each_row(x, t, rows, out, pool_, one);
}

template <class Real>
NearestLineField<Real>::NearestLineField(const Tensor<double>& x0, const Tensor<double>& x1,
                                         const Interpolant& interpolant, LanePool* pool)
    : posterior_(x0, x1, without_noise(interpolant)), pool_(pool) {}

template <class Real>
void NearestLineField<Real>::velocity(std::span<const Real> x, std::span<const Real> t,
                                      std::int64_t rows, std::span<Real> out) const {
  this->check_sizes(x, t, rows, out);
  const auto one = [&](std::span<const double> point, double time, std::span<double> v) {
    posterior_.line_velocity(posterior_.nearest(point, time), time, v);
  };
  for_each_row(x, t, rows, out, pool_, one);
}

template class PairMinimiserField<float>;
template class PairMinimiserField<double>;
template class NearestLineField<float>;
template class NearestLineField<double>;

}  // namespace gradvar
