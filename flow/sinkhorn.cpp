#include "flow/sinkhorn.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/vector_math.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr int kLanes =
    8;  // sums and greatest values go by eight: the compiler may not reorder them
constexpr std::int64_t kStripRows = 64;
constexpr double kStageTolerance = 1e-3;           // before the last stage
constexpr std::int64_t kPlainIterations = 50;      // of a stage, before Newton's steps
constexpr std::int64_t kMostNewtonColumns = 2500;  // a step takes m^3
constexpr int kMostAttempts = 8;

GRADVAR_MULTIVERSION
double scale_and_greatest(const double* cost, const double* potential, double rate, std::int64_t m,
                          double* out) {
  for (std::int64_t j = 0; j < m; ++j) out[j] = (potential[j] - cost[j]) * rate;
  double lane[kLanes];
  for (double& greatest : lane) greatest = -std::numeric_limits<double>::infinity();
  std::int64_t j = 0;
  for (; j + kLanes <= m; j += kLanes) {
    for (int l = 0; l < kLanes; ++l) lane[l] = out[j + l] > lane[l] ? out[j + l] : lane[l];
  }
  for (; j < m; ++j) lane[0] = std::max(lane[0], out[j]);
  return *std::max_element(lane, lane + kLanes);
}

GRADVAR_MULTIVERSION
double sum_of_exponentials(double greatest, std::int64_t m, double* values) {
  for (std::int64_t j = 0; j < m; ++j) values[j] = vector_math::exp_fast(values[j] - greatest);
  double lane[kLanes] = {};
  std::int64_t j = 0;
  for (; j + kLanes <= m; j += kLanes) {
    for (int l = 0; l < kLanes; ++l) lane[l] += values[j + l];
  }
  for (; j < m; ++j) lane[0] += values[j];
  double sum = 0;
  for (const double part : lane) sum += part;
  return sum;
}

// out_j = exp((own + potential_j - cost_j) rate).
GRADVAR_MULTIVERSION
void plan_row(const double* cost, const double* potential, double own, double rate, std::int64_t m,
              double* out) {
  for (std::int64_t j = 0; j < m; ++j) {
    out[j] = vector_math::exp_fast((own + potential[j] - cost[j]) * rate);
  }
}

Tensor<double> transposed(const Tensor<double>& matrix) {
  const std::int64_t n = matrix.rows(), m = matrix.row_size();
  Tensor<double> result(Shape{m, n});
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < m; ++j) result[j * n + i] = matrix[i * m + j];
  }
  return result;
}

void over_strips(std::int64_t rows, LanePool* pool, const std::function<void(std::int64_t)>& row) {
  const int strips = static_cast<int>((rows + kStripRows - 1) / kStripRows);
  const auto strip = [&](int s) {
    const std::int64_t end = std::min((s + 1) * kStripRows, rows);
    for (std::int64_t i = s * kStripRows; i < end; ++i) row(i);
  };
  if (pool != nullptr) {
    pool->run(strips, strip);
  } else {
    for (int s = 0; s < strips; ++s) strip(s);
  }
}

// own_i = eps (log(1/n) - log sum_j exp((other_j - C_ij) / eps)): the rows' sums become 1/n.
void fit(const Tensor<double>& cost, const std::vector<double>& other, double epsilon,
         LanePool* pool, std::vector<double>& own) {
  const std::int64_t n = cost.rows(), m = cost.row_size();
  const double log_weight = -std::log(static_cast<double>(n));
  over_strips(n, pool, [&](std::int64_t i) {
    thread_local std::vector<double> scratch;
    scratch.resize(m);
    const double greatest =
        scale_and_greatest(cost.data() + i * m, other.data(), 1 / epsilon, m, scratch.data());
    const double sum = sum_of_exponentials(greatest, m, scratch.data());
    own[i] = epsilon * (log_weight - greatest - std::log(sum));
  });
}

// Row i's sum under the old potential is exp((old - fitted) / eps) / n.
double marginal_error(const std::vector<double>& old, const std::vector<double>& fitted,
                      double epsilon) {
  double error = 0;
  for (std::size_t i = 0; i < old.size(); ++i) {
    error += std::abs(std::expm1(std::min((old[i] - fitted[i]) / epsilon, 700.0)));
  }
  return error / static_cast<double>(old.size());
}

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double checked_mean(const Tensor<double>& cost, const SinkhornOptions& options) {
  check(cost.shape().rank() == 2 && cost.size() > 0, "sinkhorn",
        [&] { return "the cost matrix is " + cost.shape().to_string() + ", expected nxm"; });
  check(std::isfinite(options.epsilon) && options.epsilon > 0, "sinkhorn", [&] {
    return "epsilon is " + number_text(options.epsilon) + ", expected a number above 0";
  });
  check(options.tolerance > 0, "sinkhorn", [&] {
    return "the tolerance is " + number_text(options.tolerance) + ", expected a number above 0";
  });
  const std::int64_t m = cost.row_size();
  double mean = 0;
  for (std::int64_t i = 0; i < cost.size(); ++i) {
    check(std::isfinite(cost[i]) && cost[i] >= 0, "sinkhorn", [&] {
      return "the cost in row " + std::to_string(i / m + 1) + ", column " +
             std::to_string(i % m + 1) + " is " + number_text(cost[i]) +
             ", expected a finite number, 0 or more";
    });
    mean += cost[i] / static_cast<double>(cost.size());
  }
  return mean;
}

// What the plan costs and how far its marginals are off.
void measure(const Tensor<double>& cost, SinkhornPlan& result) {
  const std::int64_t n = cost.rows(), m = cost.row_size();
  std::vector<double> columns(m);
  result.cost = result.marginal_error = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (std::int64_t j = 0; j < m; ++j) {
      const double share = result.plan[i * m + j];
      result.cost += share * cost[i * m + j];
      sum += share;
      columns[j] += share;
    }
    result.marginal_error += std::abs(sum - 1 / static_cast<double>(n));
  }
  for (const double sum : columns) {
    result.marginal_error += std::abs(sum - 1 / static_cast<double>(m));
  }
}

class Solver {
 public:
  Solver(const Tensor<double>& cost, const SinkhornOptions& options, LanePool* pool,
         const std::function<void()>& tick)
      : cost_(cost),
        turned_(transposed(cost)),
        options_(options),
        pool_(pool),
        tick_(tick),
        f_(cost.rows()),
        g_(cost.row_size()),
        fitted_(cost.row_size()) {}

  SinkhornPlan solve(double mean) {
    const double scale = mean > 0 ? mean : 1;  // costs that are all 0 have one plan for every eps
    const double last = options_.epsilon * scale;
    for (epsilon_ = std::max(scale, last); epsilon_ > last;
         epsilon_ = std::max(epsilon_ / 2, last)) {
      reach(std::max(kStageTolerance, options_.tolerance));
    }
    reach(options_.tolerance);
    SinkhornPlan result;
    result.plan = plan();
    result.row_potential = std::move(f_);
    result.column_potential = std::move(g_);
    result.epsilon = epsilon_;
    result.iterations = iterations_;
    measure(cost_, result);
    return result;
  }

 private:
  // Rows keep their sums throughout, so that the error is that of the columns.
  void reach(double tolerance) {
    damping_ = 1e-3;
    fit_rows();
    for (std::int64_t in_stage = 0; error_ >= tolerance; ++in_stage) {
      if (++iterations_ > options_.max_iterations) {
        throw std::runtime_error("[sinkhorn] after " + std::to_string(options_.max_iterations) +
                                 " iterations the marginal error is " + number_text(error_) +
                                 ", expected below " + number_text(tolerance) +
                                 ": take a larger epsilon, or exact assignment");
      }
      if (in_stage >= kPlainIterations && cost_.row_size() <= kMostNewtonColumns) {
        newton_step();
      } else {
        g_ = fitted_;
        fit_rows();
      }
    }
  }

  void fit_rows() {
    if (tick_) tick_();
    fit(cost_, g_, epsilon_, pool_, f_);
    fit(turned_, f_, epsilon_, pool_, fitted_);
    error_ = marginal_error(g_, fitted_, epsilon_);
    objective_ = mean_of(f_) + mean_of(g_);
  }

  // With f the best for g, mean f + mean g is concave in g, of slope 1/m - c, c the column sums,
  // and curvature -(diag c - n P^T P) / eps. Where eps is small Sinkhorn's iteration crawls, and
  // these steps do not. The curvature is singular along constants, and nearly so between groups of
  // points that hardly share mass: damping, in proportion to the error, is what a step that fails
  // raises.
  void newton_step() {
    const std::int64_t n = cost_.rows(), m = cost_.row_size();
    const Tensor<double> shares = plan();
    Tensor<double> curvature(Shape{m, m});
    blas::gemm(blas::Transpose::kYes, blas::Transpose::kNo, m, m, n, -static_cast<double>(n),
               shares.data(), m, shares.data(), m, 0.0, curvature.data(), m);
    std::vector<double> slope(m), columns(m);
    for (std::int64_t j = 0; j < m; ++j) {
      columns[j] = std::exp((g_[j] - fitted_[j]) / epsilon_) / static_cast<double>(m);
      slope[j] = 1 / static_cast<double>(m) - columns[j];
    }
    if (tick_) tick_();
    const std::vector<double> before = g_;
    const double error = error_, objective = objective_;
    for (int attempt = 0; attempt < kMostAttempts; ++attempt, damping_ *= 10) {
      Tensor<double> factors = curvature;
      const double damping = damping_ * std::min(error, 1.0) / static_cast<double>(m);
      for (std::int64_t j = 0; j < m; ++j) factors[j * m + j] += columns[j] + damping;
      std::vector<int> pivots(m);
      std::vector<double> step = slope;
      blas::lu_factor(m, factors.data(), pivots.data());
      blas::lu_solve(blas::Transpose::kNo, m, 1, factors.data(), pivots.data(), step.data());
      for (std::int64_t j = 0; j < m; ++j) g_[j] = before[j] + epsilon_ * step[j];
      fit_rows();
      if (error_ < error || objective_ > objective) {
        if (attempt == 0) damping_ = std::max(damping_ / 10, 1e-9);
        return;
      }
    }
    g_ = before;
    fit_rows();
    g_ = fitted_;
    fit_rows();
  }

  [[nodiscard]] Tensor<double> plan() const {
    Tensor<double> shares(cost_.shape());
    const std::int64_t m = cost_.row_size();
    over_strips(cost_.rows(), pool_, [&](std::int64_t i) {
      plan_row(cost_.data() + i * m, g_.data(), f_[i], 1 / epsilon_, m, shares.data() + i * m);
    });
    return shares;
  }

  const Tensor<double>& cost_;
  Tensor<double> turned_;
  SinkhornOptions options_;
  LanePool* pool_;
  const std::function<void()>& tick_;
  std::vector<double> f_, g_;
  std::vector<double> fitted_;  // the potential of the columns that would make their sums right
  double epsilon_ = 1, error_ = 0, objective_ = 0, damping_ = 0;
  std::int64_t iterations_ = 0;
};

}  // namespace

SinkhornPlan sinkhorn(const Tensor<double>& cost, const SinkhornOptions& options, LanePool* pool,
                      const std::function<void()>& tick) {
  const double mean = checked_mean(cost, options);
  return Solver(cost, options, pool, tick).solve(mean);
}

Tensor<double> barycentric_partners(const SinkhornPlan& plan, const Tensor<double>& y) {
  const std::int64_t n = plan.plan.rows(), m = plan.plan.row_size(), d = y.row_size();
  check(y.rows() == m, "sinkhorn", [&] {
    return "there are " + std::to_string(y.rows()) + " targets, the plan has " + std::to_string(m) +
           " columns";
  });
  std::vector<std::int64_t> axes = {n};
  for (int axis = 1; axis < y.shape().rank(); ++axis) axes.push_back(y.shape()[axis]);
  Tensor<double> partners{Shape(axes)};
  if (d == 0) return partners;
  blas::gemm(blas::Transpose::kNo, blas::Transpose::kNo, n, d, m, 1.0, plan.plan.data(), m,
             y.data(), d, 0.0, partners.data(), d);
  for (std::int64_t i = 0; i < n; ++i) {
    double sum = 0;
    for (const double share : plan.plan.row(i)) sum += share;
    for (double& x : partners.row(i)) x /= sum;
  }
  return partners;
}

std::vector<std::int64_t> sampled_partners(const SinkhornPlan& plan, const RandomStream& stream) {
  std::vector<std::int64_t> partners(plan.plan.rows());
  for (std::int64_t i = 0; i < plan.plan.rows(); ++i) {
    const std::span<const double> row = plan.plan.row(i);
    double sum = 0;
    for (const double share : row) sum += share;
    double left = sum * stream.uniform(0, static_cast<std::uint32_t>(i));
    std::int64_t j = 0, last = 0;
    for (; j < static_cast<std::int64_t>(row.size()); ++j) {
      if (row[j] <= 0) continue;  // rounding at the end must not choose what has no share
      last = j;
      left -= row[j];
      if (left < 0) break;
    }
    partners[i] = last;
  }
  return partners;
}

}  // namespace gradvar
