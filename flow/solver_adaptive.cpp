// Dormand-Prince 5(4), every row along its own steps.
//
// Rows on their way are kept packed, [active, sample...], in the order of the batch; a round tries
// one step of each. The first step is Hairer, Norsett and Wanner's (section II.4), the controller
// their PI controller (Gustafsson's, section IV.2).

#include <algorithm>
#include <cmath>
#include <limits>

#include "flow/solver_methods.h"
#include "io/number_text.h"

namespace gradvar {

namespace {

constexpr double kSafety = 0.9;
constexpr double kShrinkAtMost = 0.2, kGrowAtMost = 10;  // the factors from a step to the next
constexpr double kMemory = 0.04;                         // the PI controller's beta
constexpr double kExponent = 0.2 - 0.75 * kMemory;
constexpr double kLeastPreviousError = 1e-4;

struct Row {
  std::int64_t row = 0;  // in the batch
  double t = 0, h = 0;   // h has the sign of t1 - t0
  double previous_error = kLeastPreviousError;
  bool rejected = false;  // the last trial
  std::int64_t trials = 0, evaluations = 0;
  std::size_t next_output = 0;
};

template <class Real>
class AdaptiveRun {
 public:
  AdaptiveRun(const Field<Real>& field, const SolverOptions& options, const Tensor<Real>& x,
              double t0, double t1, const TrajectoryRequest& request);
  Solution<Real> run();

 private:
  void choose_first_steps();
  void evaluate_stages();
  // The norm of the error estimate of the a-th active row; infinite when something is not finite.
  [[nodiscard]] double error_norm(std::int64_t a) const;
  void accept(std::int64_t a, double error);
  void reject(std::int64_t a, double error);
  void write_outputs(std::int64_t a, double t_new);
  void drop_rows_that_arrived();

  // The packed row a of a stage or state.
  [[nodiscard]] Real* at(Tensor<Real>& packed, std::int64_t a) const {
    return packed.data() + a * size_;
  }
  [[nodiscard]] const Real* at(const Tensor<Real>& packed, std::int64_t a) const {
    return packed.data() + a * size_;
  }
  [[nodiscard]] double scale(double x) const { return options_.atol + options_.rtol * std::abs(x); }
  void evaluate(const Tensor<Real>& x, Tensor<Real>& out);

  const Field<Real>& field_;
  const SolverOptions& options_;
  const TrajectoryRequest& request_;
  const std::int64_t rows_, size_;
  const double t0_, t1_;
  std::vector<Row> active_;
  std::vector<Real> times_;      // of the next evaluation, by active row
  Tensor<Real> x_, x_new_;       // packed
  std::vector<Tensor<Real>> k_;  // packed, by stage; k_[0] is v(x_, t)
  Solution<Real> solution_;
  std::int64_t evaluations_ = 0;  // of all rows
};

template <class Real>
AdaptiveRun<Real>::AdaptiveRun(const Field<Real>& field, const SolverOptions& options,
                               const Tensor<Real>& x, double t0, double t1,
                               const TrajectoryRequest& request)
    : field_(field),
      options_(options),
      request_(request),
      rows_(x.rows()),
      size_(x.row_size()),
      t0_(t0),
      t1_(t1),
      active_(rows_),
      times_(rows_),
      x_(x),
      x_new_(x.shape()),
      k_(dormand_prince::kTableau.stages, Tensor<Real>(x.shape())) {
  solution_.end = x;
  if (!request.times.empty()) {
    std::vector<std::int64_t> axes = {static_cast<std::int64_t>(request.times.size())};
    for (int axis = 0; axis < x.shape().rank(); ++axis) axes.push_back(x.shape()[axis]);
    solution_.trajectory = {request.times, Tensor<Real>(Shape(axes))};
  }
  for (std::int64_t n = 0; n < rows_; ++n) {
    active_[n].row = n;
    active_[n].t = t0;
    std::copy_n(x.row(n).data(), size_, at(x_new_, n));
    write_outputs(n, t0);
  }
}

// Evaluates the field for the active rows at times_.
template <class Real>
void AdaptiveRun<Real>::evaluate(const Tensor<Real>& x, Tensor<Real>& out) {
  const auto count = static_cast<std::int64_t>(active_.size());
  field_.velocity(x.values().first(count * size_), std::span<const Real>(times_).first(count),
                  count, out.values().first(count * size_));
  for (Row& row : active_) ++row.evaluations;
}

template <class Real>
void AdaptiveRun<Real>::choose_first_steps() {
  const double span = std::abs(t1_ - t0_), direction = t1_ > t0_ ? 1 : -1;
  const auto mean = [&](double sum) { return std::sqrt(sum / static_cast<double>(size_)); };
  std::fill(times_.begin(), times_.end(), static_cast<Real>(t0_));
  evaluate(x_, k_[0]);
  std::vector<double> first_guess(active_.size()), speed(active_.size());
  for (std::int64_t a = 0; a < rows_; ++a) {
    const Real *x = at(x_, a), *v = at(k_[0], a);
    double sum_x = 0, sum_v = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      if (!std::isfinite(v[i])) fail_at(a, "has a velocity that is not finite", t0_);
      sum_x += std::pow(x[i] / scale(x[i]), 2);
      sum_v += std::pow(v[i] / scale(x[i]), 2);
    }
    const double size_x = mean(sum_x);
    speed[a] = mean(sum_v);
    const bool tiny = size_x < 1e-5 || speed[a] < 1e-5;
    first_guess[a] = std::min(span, tiny ? 1e-6 : 0.01 * size_x / speed[a]);
    const double h = direction * first_guess[a];
    times_[a] = static_cast<Real>(t0_ + h);
    for (std::int64_t i = 0; i < size_; ++i) {
      at(x_new_, a)[i] = static_cast<Real>(x[i] + h * v[i]);
    }
  }
  evaluate(x_new_, k_[1]);
  for (std::int64_t a = 0; a < rows_; ++a) {
    double sum = 0;
    for (std::int64_t i = 0; i < size_; ++i) {
      const double change = static_cast<double>(at(k_[1], a)[i]) - at(k_[0], a)[i];
      sum += std::pow(change / scale(at(x_, a)[i]), 2);
    }
    const double steepest = std::max(speed[a], mean(sum) / first_guess[a]);
    const double guess =
        steepest <= 1e-15 ? std::max(1e-6, first_guess[a] * 1e-3) : std::pow(0.01 / steepest, 0.2);
    // A guess that is not a number, after a velocity that is none, leaves the first guess.
    active_[a].h = direction * std::min({span, 100 * first_guess[a],
                                         std::isfinite(guess) ? guess : first_guess[a]});
  }
}

template <class Real>
void AdaptiveRun<Real>::evaluate_stages() {
  const Tableau& method = dormand_prince::kTableau;
  const auto count = static_cast<std::int64_t>(active_.size());
  for (int stage = 1; stage < method.stages; ++stage) {
    for (std::int64_t a = 0; a < count; ++a) {
      const Row& row = active_[a];
      times_[a] = static_cast<Real>(row.t + method.c[stage] * row.h);
      Real* out = at(x_new_, a);
      for (std::int64_t i = a * size_; i < (a + 1) * size_; ++i) {
        double sum = 0;
        for (int j = 0; j < stage; ++j) sum += method.a[stage][j] * static_cast<double>(k_[j][i]);
        *out++ = static_cast<Real>(static_cast<double>(x_[i]) + row.h * sum);
      }
    }
    evaluate(x_new_, k_[stage]);
  }
}

template <class Real>
double AdaptiveRun<Real>::error_norm(std::int64_t a) const {
  double sum = 0;
  for (std::int64_t i = a * size_; i < (a + 1) * size_; ++i) {
    double error = 0;
    for (std::size_t j = 0; j < k_.size(); ++j) {
      error += dormand_prince::kError[j] * static_cast<double>(k_[j][i]);
    }
    const double larger = std::max(std::abs(x_[i]), std::abs(x_new_[i]));
    const double ratio = active_[a].h * error / scale(larger);
    if (!std::isfinite(x_new_[i])) return std::numeric_limits<double>::infinity();
    sum += ratio * ratio;
  }
  const double norm = std::sqrt(sum / static_cast<double>(size_));
  return std::isnan(norm) ? std::numeric_limits<double>::infinity() : norm;
}

template <class Real>
void AdaptiveRun<Real>::accept(std::int64_t a, double error) {
  Row& row = active_[a];
  ++solution_.accepted_steps;
  const bool arrives = std::abs(row.h) >= std::abs(t1_ - row.t);
  const double t_new = arrives ? t1_ : row.t + row.h;
  write_outputs(a, t_new);
  row.t = t_new;
  const double factor =
      kSafety * std::pow(row.previous_error, kMemory) / std::pow(error, kExponent);
  double grow = std::clamp(factor, kShrinkAtMost, kGrowAtMost);
  if (row.rejected) grow = std::min(grow, 1.0);
  row.h *= grow;
  row.previous_error = std::max(error, kLeastPreviousError);
  row.rejected = false;
  std::copy_n(at(x_new_, a), size_, at(x_, a));
  std::copy_n(at(k_.back(), a), size_, at(k_[0], a));
}

template <class Real>
void AdaptiveRun<Real>::reject(std::int64_t a, double error) {
  Row& row = active_[a];
  ++solution_.rejected_steps;
  const double factor = kSafety / std::pow(error, kExponent);
  row.h *= std::max(kShrinkAtMost, factor);
  row.rejected = true;
  const double least = 4 * static_cast<double>(std::numeric_limits<Real>::epsilon()) *
                       std::max(std::abs(t0_), std::abs(t1_));
  if (std::abs(row.h) >= least) return;
  if (!std::isfinite(error)) fail_at(row.row, "is not finite", row.t);
  fail_at(row.row, "needs steps below " + number_text(least) + " to keep its tolerances", row.t);
}

// The output times of the a-th active row up to t_new, by the interpolant of the step that ends
// there; x_new_ is the state at t_new.
template <class Real>
void AdaptiveRun<Real>::write_outputs(std::int64_t a, double t_new) {
  Row& row = active_[a];
  for (; row.next_output < request_.times.size(); ++row.next_output) {
    const double t = request_.times[row.next_output];
    if (t1_ >= t0_ ? t > t_new : t < t_new) return;
    const std::int64_t place = static_cast<std::int64_t>(row.next_output) * rows_ + row.row;
    Real* out = solution_.trajectory.states.data() + place * size_;
    if (t == t_new) {
      std::copy_n(at(x_new_, a), size_, out);
      continue;
    }
    const double h = t_new - row.t, s = (t - row.t) / h, r = 1 - s;
    for (std::int64_t i = a * size_; i < (a + 1) * size_; ++i) {
      double dense = 0;
      for (std::size_t j = 0; j < k_.size(); ++j) {
        dense += dormand_prince::kDense[j] * static_cast<double>(k_[j][i]);
      }
      const double x = x_[i], dx = static_cast<double>(x_new_[i]) - x;
      const double begin = h * k_.front()[i], end = h * k_.back()[i];
      *out++ = static_cast<Real>(
          x + s * (dx + r * (begin - dx + s * (2 * dx - begin - end + r * h * dense))));
    }
  }
}

template <class Real>
void AdaptiveRun<Real>::drop_rows_that_arrived() {
  std::int64_t kept = 0;
  for (std::int64_t a = 0; a < static_cast<std::int64_t>(active_.size()); ++a) {
    const Row& row = active_[a];
    if (row.t == t1_) {
      std::copy_n(at(x_, a), size_, solution_.end.row(row.row).data());
      evaluations_ += row.evaluations;
      solution_.max_evaluations = std::max(solution_.max_evaluations, row.evaluations);
      continue;
    }
    if (kept != a) {
      std::copy_n(at(x_, a), size_, at(x_, kept));
      std::copy_n(at(k_[0], a), size_, at(k_[0], kept));
      active_[kept] = row;
    }
    ++kept;
  }
  active_.resize(kept);
}

template <class Real>
Solution<Real> AdaptiveRun<Real>::run() {
  if (t0_ == t1_ || rows_ == 0 || size_ == 0) return std::move(solution_);
  choose_first_steps();
  while (!active_.empty()) {
    for (Row& row : active_) {
      if (++row.trials > options_.max_steps) {
        fail_at(row.row, "has used its max-steps of " + std::to_string(options_.max_steps), row.t);
      }
      // The last step goes to t1 itself, stretched a little rather than leaving a sliver.
      const double left = t1_ - row.t;
      if (std::abs(left) <= 1.01 * std::abs(row.h)) row.h = left;
    }
    evaluate_stages();
    for (std::int64_t a = 0; a < static_cast<std::int64_t>(active_.size()); ++a) {
      const double error = error_norm(a);
      error <= 1 ? accept(a, error) : reject(a, error);
    }
    drop_rows_that_arrived();
  }
  solution_.mean_evaluations = static_cast<double>(evaluations_) / static_cast<double>(rows_);
  return std::move(solution_);
}

}  // namespace

template <class Real>
Solution<Real> solve_adaptive(const Field<Real>& field, const SolverOptions& options,
                              const Tensor<Real>& x, double t0, double t1,
                              const TrajectoryRequest& request) {
  return AdaptiveRun<Real>(field, options, x, t0, t1, request).run();
}

template Solution<float> solve_adaptive(const Field<float>&, const SolverOptions&,
                                        const Tensor<float>&, double, double,
                                        const TrajectoryRequest&);
template Solution<double> solve_adaptive(const Field<double>&, const SolverOptions&,
                                         const Tensor<double>&, double, double,
                                         const TrajectoryRequest&);

}  // namespace gradvar
