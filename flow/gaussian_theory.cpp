#include "flow/gaussian_theory.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "flow/quadrature.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr const char* kWhere = "gaussian theory";
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMaxCondition = 1e12;  // as in autograd/ops/affine_gaussian.cpp
constexpr int kPanelNodes = 24;
constexpr std::int64_t kMaxNodes = 100'000;
constexpr double kNarrowest = 1e-14;  // a panel, in time
// A panel has to agree with its halves to this much of itself, or of what is done already.
constexpr double kOfPanel = 1e-12, kOfDone = 1e-13;

void check_map(const AffineMap& map, std::int64_t d, const char* name) {
  check(map.dim() == d && map.matrix.shape() == Shape{d, d}, kWhere,
        std::string(name) + " is " + map.matrix.shape().to_string() + " with an offset of " +
            std::to_string(map.dim()) + ", expected " + Shape{d, d}.to_string());
  const auto finite = [](std::span<const double> values) {
    return std::all_of(values.begin(), values.end(), [](double x) { return std::isfinite(x); });
  };
  check(finite(map.matrix.values()) && finite(map.offset.values()), kWhere,
        std::string(name) + " has a number that is not finite");
}

// m + S^1/2 w as rows [2d + 1, d], w being normals number first .. first + d of 2d.
Tensor<double> normal_rows(const GaussianMoments& moments, std::int64_t first, const char* what) {
  const std::int64_t d = moments.mean.size();
  check(moments.covariance.shape() == Shape{d, d}, what,
        "the covariance is " + moments.covariance.shape().to_string() + ", the mean has " +
            std::to_string(d) + " coordinates");
  for (const double x : moments.mean.values()) {
    check(std::isfinite(x), what, "the mean has a number that is not finite");
  }
  const Tensor<double> root = symmetric_power(moments.covariance, 0.5, what);
  Tensor<double> rows(Shape{2 * d + 1, d});
  std::copy_n(root.data(), d * d, rows.row(first).data());
  std::copy_n(moments.mean.data(), d, rows.row(2 * d).data());
  return rows;
}

// Rows times the transpose of a matrix.
Tensor<double> times_transposed(const Tensor<double>& rows, const Tensor<double>& matrix) {
  const std::int64_t d = matrix.rows();
  Tensor<double> out(rows.shape());
  blas::gemm(blas::Transpose::kNo, blas::Transpose::kYes, rows.rows(), d, d, 1.0, rows.data(), d,
             matrix.data(), d, 0.0, out.data(), d);
  return out;
}

double sum_of_squares(std::span<const double> values) {
  double sum = 0;
  for (const double x : values) sum += x * x;
  return sum;
}

// Real and negative eigenvalues of Th make I + t Th singular at t = -1 / eigenvalue > 0, positive
// ones at t < 0. A double eigenvalue may come out as a pair with imaginary parts of sqrt(eps).
std::vector<double> find_singular_times(Tensor<double> matrix) {
  const std::int64_t d = matrix.rows();
  std::vector<double> re(d), im(d), times;
  blas::eigenvalues(d, matrix.data(), re.data(), im.data());
  for (std::int64_t i = 0; i < d; ++i) {
    if (re[i] != 0 && std::abs(im[i]) <= 3e-8 * std::abs(re[i])) times.push_back(-1 / re[i]);
  }
  std::sort(times.begin(), times.end());
  const auto same = [](double a, double b) { return std::abs(a - b) <= 1e-8 * std::abs(b); };
  times.erase(std::unique(times.begin(), times.end(), same), times.end());
  return times;
}

}  // namespace

MomentSummary GaussianTimePoint::whole() const {
  MomentSummary sum = theta;
  return sum += matrix;
}

MomentSummary GaussianVariance::whole() const {
  MomentSummary sum = theta;
  return sum += matrix;
}

GaussianCoupling GaussianCoupling::mapped(GaussianMoments source, AffineMap map) {
  return {std::move(source), std::move(map), {}};
}

GaussianCoupling GaussianCoupling::independent(GaussianMoments source, GaussianMoments target) {
  return {std::move(source), std::nullopt, std::move(target)};
}

struct GaussianTheory::AffineRows {
  Tensor<double> x, u;
};

// A = I + t Th in LU factors, and (1 + t |Th|) |A^-1|, which counts that A is the small difference
// of its parts near a singular time.
struct GaussianTheory::Factors {
  Tensor<double> lu;
  std::vector<int> pivots;
  double condition = 0;
};

// Second moments, means and loss at one time, or their weighted sums.
struct GaussianTheory::Moments {
  double theta = 0, matrix = 0, loss = 0;  // E|grad_th|^2, E|grad_Th|^2, E|r|^2
  std::vector<double> mean = {};           // E grad_th [d], then E grad_Th [d,d]
  double rounding = 0;                     // relative, the largest at any time

  void add(const Moments& other, double weight) {
    theta += weight * other.theta;
    matrix += weight * other.matrix;
    loss += weight * other.loss;
    rounding = std::max(rounding, other.rounding);
    mean.resize(other.mean.size());
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += weight * other.mean[i];
  }
  [[nodiscard]] double mean_squares(std::int64_t d, bool of_matrix) const {
    const std::span<const double> all(mean);
    return sum_of_squares(of_matrix ? all.subspan(d) : all.first(d));
  }
};

// What a quadrature has done so far.
struct GaussianTheory::Integral {
  Moments done = {};
  bool means_only = false;  // second moments are infinite
  std::int64_t nodes = 0;

  // Second moments are not negative, so that errors of so much of each panel are errors of so much
  // of the whole. Of a panel that has become small beside what is done the last digits do not
  // count: that ends the halving where its moments are rounded. Means are held to roots of second
  // moments, which bound them.
  [[nodiscard]] bool agree(const Moments& a, const Moments& b, double width, std::int64_t d) const {
    const double of_panel = std::max(kOfPanel, b.rounding);
    const auto close = [&](double x, double y, double panel, double total) {
      return std::abs(x - y) <= std::max(of_panel * panel, kOfDone * total);
    };
    for (std::size_t i = 0; i < a.mean.size(); ++i) {
      const bool theta = static_cast<std::int64_t>(i) < d;
      if (!close(a.mean[i], b.mean[i], std::sqrt(width * (theta ? b.theta : b.matrix)),
                 std::sqrt(theta ? done.theta : done.matrix))) {
        return false;
      }
    }
    return means_only || (close(a.theta, b.theta, b.theta, done.theta) &&
                          close(a.matrix, b.matrix, b.matrix, done.matrix) &&
                          close(a.loss, b.loss, b.loss, done.loss));
  }
};

GaussianTheory::GaussianTheory(const GaussianCoupling& coupling, const AffineMap& field,
                               const Interpolant& interpolant)
    : dim_(coupling.source.mean.size()),
      interpolant_(interpolant),
      theta_(field.offset),
      matrix_(field.matrix) {
  blas::use_one_thread();  // the products here are small
  interpolant.validate();
  x0_ = normal_rows(coupling.source, 0, "source");
  check_map(field, dim_, "the field's map");
  for (std::int64_t i = 0; i < dim_; ++i) matrix_[i * dim_ + i] -= 1;
  if (coupling.map) {
    check_map(*coupling.map, dim_, "the coupling's map");
    x1_ = times_transposed(x0_, coupling.map->matrix);
    const std::span<double> mean = x1_.row(2 * dim_);
    for (std::int64_t i = 0; i < dim_; ++i) mean[i] += coupling.map->offset[i];
  } else {
    check(coupling.target.mean.size() == dim_, kWhere,
          "the source has " + std::to_string(dim_) + " coordinates, the target " +
              std::to_string(coupling.target.mean.size()));
    x1_ = normal_rows(coupling.target, dim_, "target");
  }
  singular_ = find_singular_times(matrix_);
}

GaussianTheory::AffineRows GaussianTheory::at_time(double t) const {
  const Interpolant::Coefficients c = interpolant_.coefficients(t);
  const std::int64_t d = dim_, noise = interpolant_.needs_noise() ? d : 0;
  const Shape shape{2 * d + noise + 1, d};
  AffineRows rows{Tensor<double>(shape), Tensor<double>(shape)};
  for (std::int64_t k = 0; k <= 2 * d; ++k) {
    const std::int64_t row = k < 2 * d ? k : 2 * d + noise;
    for (std::int64_t i = 0; i < d; ++i) {
      rows.x.row(row)[i] = c.a * x0_.row(k)[i] + c.b * x1_.row(k)[i];
      rows.u.row(row)[i] = c.da * x0_.row(k)[i] + c.db * x1_.row(k)[i];
    }
  }
  for (std::int64_t i = 0; i < noise; ++i) {
    rows.x.row(2 * d + i)[i] = c.c;
    rows.u.row(2 * d + i)[i] = c.dc;
  }
  return rows;
}

GaussianTheory::Factors GaussianTheory::factorise(double t) const {
  Factors factors{matrix_, std::vector<int>(dim_)};
  double size = 0;
  for (std::int64_t i = 0; i < dim_; ++i) {
    double row_sum = 0;
    for (double& x : factors.lu.row(i)) {
      row_sum += std::abs(x);
      x *= t;
    }
    size = std::max(size, 1 + t * row_sum);
    factors.lu.row(i)[i] += 1;
  }
  blas::lu_factor(dim_, factors.lu.data(), factors.pivots.data());
  factors.condition = size * blas::lu_inverse_norm(dim_, factors.lu.data());
  return factors;
}

GaussianTheory::Moments GaussianTheory::moments(double t) const {
  const std::int64_t d = dim_;
  AffineRows rows = at_time(t);
  Tensor<double>&z = rows.x, &a = rows.u;
  const std::int64_t normals = z.rows() - 1;
  const Factors factors = factorise(t);
  for (std::int64_t i = 0; i < d; ++i) z.row(normals)[i] -= t * theta_[i];  // y
  blas::lu_solve(blas::Transpose::kNo, d, normals + 1, factors.lu.data(), factors.pivots.data(),
                 z.data());
  const Tensor<double> v = times_transposed(z, matrix_);
  double largest = 0, residual = 0;
  for (std::int64_t i = 0; i < a.size(); ++i) {
    const double velocity = v[i] + (i >= normals * d ? theta_[i - normals * d] : 0);
    largest = std::max(largest, std::abs(a[i]) + std::abs(v[i]));
    a[i] -= velocity;  // r
    residual = std::max(residual, std::abs(a[i]));
  }
  // What is left of a residual of zero after rounding (Proposition 1) is zero: A^-T would make
  // something of it near a singular time. A small one carries that rounding along.
  const double rounding = 8 * std::numeric_limits<double>::epsilon() * factors.condition * largest;
  const bool vanishes = residual <= rounding;
  if (vanishes) std::ranges::fill(a.values(), 0.0);
  Moments m{.loss = sum_of_squares(a.values()), .rounding = vanishes ? 0 : rounding / residual};
  blas::lu_solve(blas::Transpose::kYes, d, normals + 1, factors.lu.data(), factors.pivots.data(),
                 a.data());

  const double* mean_a = a.row(normals).data();
  const double* mean_z = z.row(normals).data();
  const double a_squares = sum_of_squares(a.values());  // tr S_aa + |m_a|^2
  Tensor<double> s_az(Shape{d, d});
  blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, d, d, normals, 1.0, a.data(), d, z.data(),
             d, 0.0, s_az.data(), d);
  double mixed = 0;  // m_a^T S_az m_z
  m.mean.resize(d + d * d);
  for (std::int64_t i = 0; i < d; ++i) {
    m.mean[i] = -2 * mean_a[i];
    for (std::int64_t j = 0; j < d; ++j) {
      mixed += mean_a[i] * s_az[i * d + j] * mean_z[j];
      m.mean[d + i * d + j] = -2 * (s_az[i * d + j] + mean_a[i] * mean_z[j]);
    }
  }
  m.theta = 4 * a_squares;
  m.matrix =
      4 * (a_squares * sum_of_squares(z.values()) + 2 * sum_of_squares(s_az.values()) + 4 * mixed);
  return m;
}

GaussianTimePoint GaussianTheory::at(double t) const {
  check(t >= 0 && t <= 1, kWhere, "t is " + number_text(t) + ", expected 0 <= t <= 1");
  check(std::isfinite(interpolant_.coefficients(t).dc), kWhere,
        "t is " + number_text(t) + ", where the full bridge target is infinite");
  check(factorise(t).condition <= kMaxCondition, kWhere,
        "the field is singular at t = " + number_text(t));
  const Moments m = moments(t);
  const double theta_mean = m.mean_squares(dim_, false), matrix_mean = m.mean_squares(dim_, true);
  return {{m.theta - theta_mean, theta_mean}, {m.matrix - matrix_mean, matrix_mean}, m.loss};
}

// Halves a panel until it agrees with its halves.
void GaussianTheory::add_panel(double begin, double end, Integral& integral) const {
  const auto integrate = [&](double from, double to) {
    const Quadrature rule = gauss_legendre(kPanelNodes, from, to);
    Moments sum;
    for (int i = 0; i < kPanelNodes; ++i) sum.add(moments(rule.nodes[i]), rule.weights[i]);
    integral.nodes += kPanelNodes;
    return sum;
  };
  struct Panel {
    double begin, end;
    Moments whole;
  };
  std::vector<Panel> waiting = {{begin, end, integrate(begin, end)}};
  while (!waiting.empty()) {
    Panel panel = std::move(waiting.back());
    waiting.pop_back();
    const double middle = (panel.begin + panel.end) / 2;
    Panel left{panel.begin, middle, integrate(panel.begin, middle)};
    Panel right{middle, panel.end, integrate(middle, panel.end)};
    Moments halves = left.whole;
    halves.add(right.whole, 1);
    if (integral.agree(panel.whole, halves, panel.end - panel.begin, dim_)) {
      integral.done.add(halves, 1);
    } else if (integral.nodes < kMaxNodes && panel.end - panel.begin > kNarrowest) {
      waiting.push_back(std::move(right));
      waiting.push_back(std::move(left));
    } else {
      throw std::runtime_error("[gaussian theory] the integral over t does not converge near t = " +
                               number_text(middle) +
                               ": the field is nearly singular there, or its gradients overflow");
    }
  }
}

// The second moments are non-negative and rational in t, so that a pole on the real line has even
// order: at a singular time they are infinite beyond any integral, or stay bounded. Ten times
// nearer, a pole grows a hundredfold or more.
std::optional<double> GaussianTheory::pole(double t_begin, double t_end) const {
  const auto second_moment = [&](double t) {
    const Moments m = moments(t);
    return m.theta + m.matrix;
  };
  const AffineRows middle = at_time((t_begin + t_end) / 2);
  const double scale =
      4 * sum_of_squares(middle.u.values()) * (1 + sum_of_squares(middle.x.values()));
  for (const double s : singular_) {
    if (s < t_begin - 1e-12 || s > t_end + 1e-12) continue;
    for (const double side : {-1e-2, 1e-2}) {
      const double step = side * (t_end - t_begin);
      if (s + step < t_begin || s + step > t_end) continue;
      const double near = second_moment(s + step / 10);
      if (near > 30 * second_moment(s + step) && near > 1e-14 * scale) {
        return s;
      }
    }
  }
  return std::nullopt;
}

GaussianVariance GaussianTheory::over(double t_begin, double t_end) const {
  check(t_begin >= 0 && t_begin < t_end && t_end <= 1, kWhere,
        "t goes from " + number_text(t_begin) + " to " + number_text(t_end) +
            ", expected 0 <= t-begin < t-end <= 1");
  GaussianVariance result;
  std::vector<double> ends = {t_begin};
  for (const double s : singular_) {
    if (s < t_begin - 1e-12 || s > t_end + 1e-12) continue;
    result.singular_times.push_back(s);
    if (s > t_begin && s < t_end) ends.push_back(s);
  }
  ends.push_back(t_end);
  if (const std::optional<double> at = pole(t_begin, t_end)) {
    result.divergence =
        "the field is singular at t = " + number_text(*at) + " and the coupling is not";
    result.theta = result.matrix = {kInfinity, kInfinity};
    result.loss = kInfinity;
    return result;
  }
  const bool full = interpolant_.kind == InterpolantKind::kBridge && interpolant_.needs_noise() &&
                    interpolant_.target == BridgeTarget::kFull;
  if (full && (t_begin == 0 || t_end == 1)) {
    result.divergence =
        std::string("the full bridge target has no finite second moment up to t = ") +
        (t_begin == 0 ? "0" : "1");
  }
  Integral integral{.means_only = !result.finite()};
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) add_panel(ends[i], ends[i + 1], integral);
  result.nodes = integral.nodes;
  Moments mean;
  mean.add(integral.done, 1 / (t_end - t_begin));
  const double theta_mean = mean.mean_squares(dim_, false);
  const double matrix_mean = mean.mean_squares(dim_, true);
  result.theta = {mean.theta - theta_mean, theta_mean};
  result.matrix = {mean.matrix - matrix_mean, matrix_mean};
  result.loss = mean.loss;
  if (!result.finite()) result.theta.trace = result.matrix.trace = result.loss = kInfinity;
  return result;
}

}  // namespace gradvar
