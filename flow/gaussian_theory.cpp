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
constexpr int kPanelNodes = 24;
constexpr std::int64_t kMaxNodes = 100'000;
constexpr double kNarrowest = 1e-14;  // a panel, in time
// A panel has to agree with its halves to this much of itself, or of what is done already.
constexpr double kNoise = 0.01;  // of a residual, relative: beyond it is mostly rounding
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

// Second moments, means and loss at one time, or their weighted sums.
struct GaussianTheory::Moments {
  double theta = 0, matrix = 0, loss = 0;  // E|grad_th|^2, E|grad_Th|^2, E|r|^2
  // E grad_th [d] and what may be other than 0 of E grad_Th, block after block.
  std::vector<double> mean_theta = {}, mean_matrix = {};
  double rounding = 0;  // relative, the largest at any time

  void add(const Moments& other, double weight) {
    theta += weight * other.theta;
    matrix += weight * other.matrix;
    loss += weight * other.loss;
    rounding = std::max(rounding, other.rounding);
    const auto add_to = [weight](std::vector<double>& to, const std::vector<double>& from) {
      to.resize(from.size());
      for (std::size_t i = 0; i < to.size(); ++i) to[i] += weight * from[i];
    };
    add_to(mean_theta, other.mean_theta);
    add_to(mean_matrix, other.mean_matrix);
  }
};

// What a quadrature has done so far.
struct GaussianTheory::Integral {
  Moments done = {};
  bool means_only = false;  // second moments are infinite
  std::int64_t nodes = 0;
  const std::function<void()>& after_time;

  // Second moments are not negative, so that errors of so much of each panel are errors of so much
  // of the whole. Of a panel that has become small beside what is done the last digits do not
  // count: that ends the halving where its moments are rounded. Means are held to roots of second
  // moments, which bound them.
  [[nodiscard]] bool agree(const Moments& a, const Moments& b, double width) const {
    const double of_panel = std::max(kOfPanel, b.rounding);
    const auto close = [&](double x, double y, double panel, double total) {
      return std::abs(x - y) <= std::max(of_panel * panel, kOfDone * total);
    };
    const auto means_close = [&](const std::vector<double>& x, const std::vector<double>& y,
                                 double panel, double total) {
      const double panel_root = std::sqrt(width * panel), total_root = std::sqrt(total);
      for (std::size_t i = 0; i < x.size(); ++i) {
        if (!close(x[i], y[i], panel_root, total_root)) return false;
      }
      return true;
    };
    if (!means_close(a.mean_theta, b.mean_theta, b.theta, done.theta) ||
        !means_close(a.mean_matrix, b.mean_matrix, b.matrix, done.matrix)) {
      return false;
    }
    return means_only || (close(a.theta, b.theta, b.theta, done.theta) &&
                          close(a.matrix, b.matrix, b.matrix, done.matrix) &&
                          close(a.loss, b.loss, b.loss, done.loss));
  }
};

GaussianTheory::GaussianTheory(const GaussianCoupling& coupling, const AffineMap& field,
                               const Interpolant& interpolant)
    : interpolant_(interpolant) {
  blas::use_one_thread();  // the products here are small
  interpolant.validate();
  const std::int64_t d = coupling.source.mean.size();
  const Tensor<double> x0 = normal_rows(coupling.source, 0, "source");
  check_map(field, d, "the field's map");
  Tensor<double> x1;
  if (coupling.map) {
    check_map(*coupling.map, d, "the coupling's map");
    x1 = times_transposed(x0, coupling.map->matrix);
    const std::span<double> mean = x1.row(2 * d);
    for (std::int64_t i = 0; i < d; ++i) mean[i] += coupling.map->offset[i];
  } else {
    check(coupling.target.mean.size() == d, kWhere,
          "the source has " + std::to_string(d) + " coordinates, the target " +
              std::to_string(coupling.target.mean.size()));
    x1 = normal_rows(coupling.target, d, "target");
  }
  // Where the source's mean is 0 and the target's is th, on straight lines, the mean of y is 0 at
  // any time: nothing links one block with another. Otherwise the product of means does.
  bool centred = interpolant.kind != InterpolantKind::kTrigonometric;
  for (std::int64_t i = 0; i < d; ++i) {
    centred = centred && x0.row(2 * d)[i] == 0 && x1.row(2 * d)[i] == field.offset[i];
  }
  blocks_ = gaussian_blocks(field.offset, field.matrix, x0, x1, !centred);
  for (const GaussianBlock& block : blocks_) {
    const std::vector<double> times = block.singular_times();
    singular_.insert(singular_.end(), times.begin(), times.end());
  }
  std::sort(singular_.begin(), singular_.end());
  const auto same = [](double a, double b) { return std::abs(a - b) <= 1e-8 * std::abs(b); };
  singular_.erase(std::unique(singular_.begin(), singular_.end(), same), singular_.end());
}

GaussianTheory GaussianTheory::with_sigma(double sigma) const {
  GaussianTheory other = *this;
  other.interpolant_.sigma = sigma;
  other.interpolant_.validate();
  return other;
}

double GaussianTheory::condition(double t) const {
  double largest = 0;
  for (const GaussianBlock& block : blocks_) {
    const double of_block = block.condition(UnitTime::at(t));
    if (!(of_block <= largest)) largest = of_block;  // a NaN too
  }
  return largest;
}

// Blocks add up, but for the product of both norms.
GaussianTheory::Moments GaussianTheory::moments(UnitTime at) const {
  GaussianBlock::Moments sum;
  Moments m;
  for (const GaussianBlock& block : blocks_) {
    const GaussianBlock::Moments one = block.moments(interpolant_, at);
    sum.a_squares += one.a_squares;
    sum.z_squares += one.z_squares;
    sum.az_squares += one.az_squares;
    sum.mixed += one.mixed;
    sum.residual = std::max(sum.residual, one.residual);
    sum.rounding = std::max(sum.rounding, one.rounding);
    m.loss += one.loss;
    m.mean_theta.insert(m.mean_theta.end(), one.mean_theta.begin(), one.mean_theta.end());
    m.mean_matrix.insert(m.mean_matrix.end(), one.mean_matrix.begin(), one.mean_matrix.end());
  }
  m.rounding = sum.residual == 0 ? 0 : sum.rounding / sum.residual;
  m.theta = 4 * sum.a_squares;
  m.matrix = 4 * (sum.a_squares * sum.z_squares + 2 * sum.az_squares + 4 * sum.mixed);
  return m;
}

GaussianTimePoint GaussianTheory::at(double t) const {
  check(t >= 0 && t <= 1, kWhere, "t is " + number_text(t) + ", expected 0 <= t <= 1");
  check(std::isfinite(interpolant_.coefficients(t).dc), kWhere,
        "t is " + number_text(t) + ", where the full bridge target is infinite");
  check(condition(t) <= GaussianBlock::kMaxCondition, kWhere,
        "the field is singular at t = " + number_text(t));
  const Moments m = moments(UnitTime::at(t));
  const double theta_mean = sum_of_squares(m.mean_theta);
  const double matrix_mean = sum_of_squares(m.mean_matrix);
  return {{m.theta - theta_mean, theta_mean}, {m.matrix - matrix_mean, matrix_mean}, m.loss};
}

// Halves a panel until it agrees with its halves. From t = 1/2 on its coordinate is 1 - t.
void GaussianTheory::add_panel(double begin, double end, Integral& integral) const {
  const bool from_end = begin >= 0.5;
  if (from_end) begin = 1 - std::exchange(end, 1 - begin);
  const auto integrate = [&](double from, double to) {
    const Quadrature rule = gauss_legendre(kPanelNodes, from, to);
    Moments sum;
    for (int i = 0; i < kPanelNodes; ++i) {
      const double x = rule.nodes[i];
      sum.add(moments(from_end ? UnitTime{1 - x, x} : UnitTime::at(x)), rule.weights[i]);
      if (integral.after_time) integral.after_time();
    }
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
    if (integral.agree(panel.whole, halves, panel.end - panel.begin)) {
      integral.done.add(halves, 1);
    } else if (integral.nodes < kMaxNodes && panel.end - panel.begin > kNarrowest) {
      waiting.push_back(std::move(right));
      waiting.push_back(std::move(left));
    } else {
      throw std::runtime_error("[gaussian theory] the integral over t does not converge near t = " +
                               number_text(from_end ? 1 - middle : middle) +
                               ": the field is nearly singular there, or its gradients overflow");
    }
  }
}

// The second moments are non-negative and rational in t, so that a pole on the real line has even
// order: at a singular time they are infinite beyond any integral, or stay bounded. Ten times
// nearer, a pole grows a hundredfold or more; so does what rounding has left of no residual, which
// is no pole.
std::optional<double> GaussianTheory::pole(double t_begin, double t_end) const {
  for (const double s : singular_) {
    if (s < t_begin - 1e-12 || s > t_end + 1e-12) continue;
    for (const double side : {-1e-2, 1e-2}) {
      const double step = side * (t_end - t_begin);
      if (s + step < t_begin || s + step > t_end) continue;
      const Moments near = moments(UnitTime::at(s + step / 10));
      const Moments far = moments(UnitTime::at(s + step));
      if (near.theta + near.matrix > 30 * (far.theta + far.matrix) && near.rounding < kNoise) {
        return s;
      }
    }
  }
  return std::nullopt;
}

GaussianVariance GaussianTheory::over(double t_begin, double t_end,
                                      const std::function<void()>& after_time) const {
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
  if (t_begin < 0.5 && t_end > 0.5 && std::ranges::find(ends, 0.5) == ends.end()) {
    ends.insert(std::ranges::upper_bound(ends, 0.5), 0.5);
  }
  if (const std::optional<double> at = pole(t_begin, t_end)) {
    result.divergence =
        "the field is singular at t = " + number_text(*at) + " and the coupling is not";
    result.theta = result.matrix = {kInfinity, std::numeric_limits<double>::quiet_NaN()};
    result.loss = kInfinity;
    return result;
  }
  if (interpolant_.infinite_at_ends() && (t_begin == 0 || t_end == 1)) {
    result.divergence =
        std::string("the full bridge target has no finite second moment up to t = ") +
        (t_begin == 0 ? "0" : "1");
  }
  Integral integral{.means_only = !result.finite(), .after_time = after_time};
  for (std::size_t i = 0; i + 1 < ends.size(); ++i) add_panel(ends[i], ends[i + 1], integral);
  result.nodes = integral.nodes;
  Moments mean;
  mean.add(integral.done, 1 / (t_end - t_begin));
  const double theta_mean = sum_of_squares(mean.mean_theta);
  const double matrix_mean = sum_of_squares(mean.mean_matrix);
  result.theta = {mean.theta - theta_mean, theta_mean};
  result.matrix = {mean.matrix - matrix_mean, matrix_mean};
  result.loss = mean.loss;
  if (!result.finite()) result.theta.trace = result.matrix.trace = result.loss = kInfinity;
  return result;
}

}  // namespace gradvar
