#include "flow/log_likelihood.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/ops.h"
#include "autograd/random.h"
#include "flow/distances.h"

namespace gradvar {

namespace {

constexpr std::int64_t kTapeRows = 256;  // rows of a tape, a sample's seeds counted

Shape batch_of(std::int64_t rows, const Shape& sample) {
  std::vector<std::int64_t> axes = {rows};
  for (int axis = 0; axis < sample.rank(); ++axis) axes.push_back(sample[axis]);
  return Shape(axes);
}

}  // namespace

template <class Real>
TraceField<Real>::TraceField(const Model<Real>& model, LanePool& pool, const TraceOptions& options)
    : model_(model), pool_(pool), options_(options), dim_(model.sample_shape().size()) {
  check(options.probes >= 1, "log_likelihood", [&] {
    return "there are " + std::to_string(options.probes) + " probes, expected 1 or more";
  });
}

template <class Real>
void TraceField<Real>::velocity(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                                std::span<Real> out) const {
  this->check_sizes(x, t, rows, out);
  if (rows == 0) return;
  const std::int64_t size = dim_ + integrals() + 1,
                     block = std::max<std::int64_t>(kTapeRows / seeds(), 1);
  const std::int64_t blocks = (rows + block - 1) / block;
  const int tasks = static_cast<int>(std::min<std::int64_t>(pool_.threads(), blocks));
  while (static_cast<int>(tapes_.size()) < tasks) {
    tapes_.push_back(std::make_unique<Tape<Real>>(model_.parameters()));
  }
  pool_.run(tasks, [&](int task) {
    for (std::int64_t b = task; b < blocks; b += tasks) {
      const std::int64_t first = b * block, count = std::min(block, rows - first);
      evaluate(*tapes_[task], x.subspan(first * size, count * size), t.subspan(first, count), count,
               out.subspan(first * size, count * size));
    }
  });
}

// Every row of the batch is a sample with one seed e: l = <e, v> has the adjoint J^T e.
template <class Real>
void TraceField<Real>::evaluate(Tape<Real>& tape, std::span<const Real> states,
                                std::span<const Real> t, std::int64_t rows,
                                std::span<Real> out) const {
  const std::int64_t d = dim_, copies = seeds(), batch = rows * copies;
  const std::int64_t number = d + integrals(), size = number + 1;
  std::vector<Real> x(batch * d), times(batch), e(batch * d);
  const RandomStream stream(options_.seed, Purpose::kDirections);
  for (std::int64_t n = 0; n < rows; ++n) {
    const std::span<const Real> state = states.subspan(n * size, size);
    for (std::int64_t k = 0; k < copies; ++k) {
      const std::int64_t row = n * copies + k;
      std::copy_n(state.begin(), d, x.begin() + row * d);
      times[row] = t[n];
      const std::span<Real> seed(e.data() + row * d, d);
      if (exact()) {
        seed[k] = 1;
      } else {
        stream.uniforms<Real>(k, static_cast<std::uint32_t>(std::lround(state[number])), seed);
        for (Real& sign : seed) sign = sign < Real(0.5) ? Real(-1) : Real(1);
      }
    }
  }
  tape.reset();
  const Shape shape = batch_of(batch, model_.sample_shape());
  const Value input = tape.variable(x, shape);
  const Value v = model_.forward(tape, input, tape.input(times, {batch, 1}));
  const Value losses = sum(tape, mul(tape, v, tape.input(e, shape)));
  tape.backward(losses, nullptr);
  const std::span<const Real> velocity = tape.value(v), adjoint = tape.adjoint(input);
  for (std::int64_t n = 0; n < rows; ++n) {
    const std::int64_t first = n * copies * d;
    Real* to = out.data() + n * size;
    std::copy_n(velocity.begin() + first, d, to);
    double trace = 0;
    for (std::int64_t k = 0; k < copies; ++k) {
      double along = 0;  // e^T J e
      for (std::int64_t i = first + k * d; i < first + (k + 1) * d; ++i) {
        along += static_cast<double>(e[i]) * static_cast<double>(adjoint[i]);
      }
      trace += along;
      if (!exact()) to[d + k] = static_cast<Real>(along);
    }
    if (exact()) to[d] = static_cast<Real>(trace);
    to[number] = 0;
  }
}

template <class Real>
LogLikelihood log_likelihood(const Model<Real>& model, LanePool& pool,
                             const GaussianMoments& source, const Tensor<double>& x,
                             const SolverOptions& solver, const TraceOptions& options) {
  const std::int64_t n = x.rows(), d = model.sample_shape().size();
  check(x.shape().rank() >= 2 && x.shape().sample() == model.sample_shape(), "log_likelihood", [&] {
    return "x is " + x.shape().to_string() + ", the model's samples are " +
           model.sample_shape().to_string();
  });
  constexpr std::int64_t kMostRows = 1 << 24;  // numbers that f32 holds exactly
  check(n <= kMostRows, "log_likelihood", [&] {
    return "x has " + std::to_string(n) + " rows, expected at most " + std::to_string(kMostRows);
  });
  const TraceField<Real> field(model, pool, options);
  const std::int64_t integrals = field.integrals();
  Tensor<Real> states(Shape{n, d + integrals + 1});
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < d; ++k) states.row(i)[k] = static_cast<Real>(x.row(i)[k]);
    states.row(i)[d + integrals] = static_cast<Real>(i);
  }
  const Solution<Real> solution = solve<Real>(field, solver, states, 1, 0);
  Tensor<double> start(Shape{n, d});
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < d; ++k) start.row(i)[k] = solution.end.row(i)[k];
  }
  LogLikelihood result{gaussian_log_density(source, start), field.exact(),
                       solution.mean_evaluations};
  for (std::int64_t i = 0; i < n; ++i) {
    const std::span<const Real> end = solution.end.row(i);
    const std::vector<double> of_probe(end.begin() + d, end.begin() + d + integrals);
    const Summary summary = summarise(of_probe);
    result.nats[i] += summary.mean;  // time ran backwards: the state holds minus the integral
    if (field.exact()) continue;
    result.standard_error.push_back(summary.standard_deviation /
                                    std::sqrt(static_cast<double>(integrals)));
  }
  return result;
}

std::vector<double> gaussian_log_density(const GaussianMoments& law, const Tensor<double>& x) {
  const std::int64_t d = law.mean.size(), n = x.rows();
  check(law.covariance.size() == d * d && (n == 0 || x.row_size() == d), "gaussian", [&] {
    return "x is " + x.shape().to_string() + ", the covariance " +
           law.covariance.shape().to_string() + ", the mean has " + std::to_string(d) + " numbers";
  });
  Tensor<double> factors = law.covariance;
  std::vector<int> pivots(d);
  blas::lu_factor(d, factors.data(), pivots.data());
  check(std::isfinite(blas::lu_inverse_norm(d, factors.data())), "gaussian",
        "the covariance is singular: points have no density");
  double log_determinant = 0;
  for (std::int64_t k = 0; k < d; ++k) log_determinant += std::log(std::abs(factors[k * d + k]));
  Tensor<double> centred(Shape{n, d});
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t k = 0; k < d; ++k) centred.row(i)[k] = x.row(i)[k] - law.mean[k];
  }
  Tensor<double> solved = centred;
  blas::lu_solve(blas::Transpose::kNo, d, n, factors.data(), pivots.data(), solved.data());
  std::vector<double> logs(n);
  for (std::int64_t i = 0; i < n; ++i) {
    const double square = blas::dot<double>(d, centred.row(i).data(), solved.row(i).data());
    logs[i] =
        -(square + log_determinant + static_cast<double>(d) * std::log(2 * std::numbers::pi)) / 2;
  }
  return logs;
}

template class TraceField<float>;
template class TraceField<double>;
template LogLikelihood log_likelihood(const Model<float>&, LanePool&, const GaussianMoments&,
                                      const Tensor<double>&, const SolverOptions&,
                                      const TraceOptions&);
template LogLikelihood log_likelihood(const Model<double>&, LanePool&, const GaussianMoments&,
                                      const Tensor<double>&, const SolverOptions&,
                                      const TraceOptions&);

}  // namespace gradvar
