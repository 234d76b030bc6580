#include "flow/spectrum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/collectors/gram.h"

namespace gradvar {

namespace {

// The samples that stand for a law too large to be taken whole.
template <class Real>
struct LawSample {
  LawSample(const Tensor<Real>& pairs_x0, const Tensor<Real>& pairs_x1, bool noisy,
            const VarianceOptions& options, std::int64_t most)
      : x0(pairs_x0.shape().with_rows(most)),
        x1(pairs_x0.shape().with_rows(most)),
        z(noisy ? pairs_x0.shape().with_rows(most) : Shape{0}),
        t(Shape{most}) {
    constexpr double kGolden = 0.6180339887498949, kRootTwo = 1.4142135623730951;
    const std::int64_t pairs = pairs_x0.rows(), d = pairs_x0.row_size();
    const std::int64_t slots = std::min(pairs, most);
    const RandomStream noise(options.seed, Purpose::kNoise);
    for (std::int64_t n = 0; n < most; ++n) {
      const std::int64_t slot = n % slots, visit = n / slots, pair = slot * pairs / slots;
      std::copy_n(pairs_x0.data() + pair * d, d, x0.data() + n * d);
      std::copy_n(pairs_x1.data() + pair * d, d, x1.data() + n * d);
      // Visits of one pair are as far apart in time as those of all pairs, whatever their number.
      const double turn =
          static_cast<double>(slot) * kRootTwo + static_cast<double>(visit) * kGolden + 0.5;
      t[n] = static_cast<Real>(options.t_begin +
                               (options.t_end - options.t_begin) * (turn - std::floor(turn)));
      if (noisy) noise.normals<Real>(n, static_cast<std::uint32_t>(pair), z.row(n));
    }
  }

  [[nodiscard]] FlowRows<Real> rows(std::int64_t begin, std::int64_t count) const {
    const std::int64_t d = x0.row_size();
    const auto part = [&](const Tensor<Real>& all) {
      return all.size() == 0 ? std::span<const Real>{} : all.values().subspan(begin * d, count * d);
    };
    return {part(x0), part(x1), t.values().subspan(begin, count), part(z)};
  }

  Tensor<Real> x0, x1, z, t;
};

}  // namespace

Spectrum spectrum_of(const Tensor<double>& gram, std::span<const double> weights, double epsilon) {
  const auto m = static_cast<std::int64_t>(weights.size());
  const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
  check(gram.shape() == Shape{m, m} && m >= 1, "spectrum",
        "the Gram matrix is " + gram.shape().to_string() + " for " + std::to_string(m) +
            " weights, expected as many rows and columns");
  check(total > 0 && *std::min_element(weights.begin(), weights.end()) >= 0, "spectrum",
        "the weights must not be negative, with a positive sum");
  std::vector<double> mean(m, 0.0);  // <g_n, E g>
  double mean_squared_norm = 0, second_moment = 0;
  for (std::int64_t n = 0; n < m; ++n) {
    for (std::int64_t k = 0; k < m; ++k) mean[n] += weights[k] / total * gram[n * m + k];
    mean_squared_norm += weights[n] / total * mean[n];
    second_moment += weights[n] / total * gram[n * m + n];
  }
  std::vector<double> centred(m * m), values(m);
  for (std::int64_t n = 0; n < m; ++n) {
    for (std::int64_t k = 0; k < m; ++k) {
      centred[n * m + k] = std::sqrt(weights[n] * weights[k]) / total *
                           (gram[n * m + k] - mean[n] - mean[k] + mean_squared_norm);
    }
  }
  blas::symmetric_eigen(m, centred.data(), values.data());

  Spectrum spectrum;
  spectrum.samples = m;
  const double floor = 8 * epsilon * second_moment;
  for (std::int64_t n = m - 1; n >= 0 && values[n] > floor; --n) {
    spectrum.eigenvalues.push_back(values[n]);
    spectrum.trace += values[n];
  }
  double entropy = 0, squares = 0;
  for (const double value : spectrum.eigenvalues) {
    const double p = value / spectrum.trace;
    entropy -= p * std::log(p);
    squares += p * p;
  }
  if (!spectrum.eigenvalues.empty()) {
    spectrum.effective_rank = std::exp(entropy);
    spectrum.participation_ratio = 1 / squares;
  }
  return spectrum;
}

template <class Real>
Spectrum measure_spectrum(Engine<Real>& engine, const Model<Real>& model,
                          const Interpolant& interpolant, const Tensor<Real>& x0,
                          const Tensor<Real>& x1, const VarianceOptions& options,
                          std::int64_t most) {
  options.validate();
  interpolant.validate();
  check(most >= 2 && most <= kMostSpectrumSamples, "spectrum",
        std::to_string(most) + " samples asked for, expected 2 to " +
            std::to_string(kMostSpectrumSamples));
  const NoiseRule noise = NoiseRule::make(interpolant, options, x0.row_size());
  NestedDesign<Real> design(x0, x1, noise, options, 0, options.time_bins);
  const bool complete = design.size() <= most;
  const std::int64_t samples = complete ? design.size() : most;
  std::vector<double> weights(samples, 1.0);
  GramCollector<Real> gram;
  std::vector<Real> losses(samples);
  const auto run = [&](auto rows_of) {
    engine.run(
        samples,
        [&](Tape<Real>& tape, const LaneRows<Real>& rows) {
          return flow_losses(tape, model, interpolant, rows_of(rows.begin, rows.count), rows.count);
        },
        {&gram}, losses);
  };
  if (complete) {
    design.select(0, samples);
    std::copy(design.weights().begin(), design.weights().end(), weights.begin());
    run([&](std::int64_t begin, std::int64_t count) { return design.rows(begin, count); });
  } else {
    const LawSample<Real> sample(x0, x1, interpolant.needs_noise(), options, most);
    run([&](std::int64_t begin, std::int64_t count) { return sample.rows(begin, count); });
  }
  Spectrum spectrum = spectrum_of(gram.gram(), weights, std::numeric_limits<Real>::epsilon() / 2);
  spectrum.complete = complete;
  return spectrum;
}

template Spectrum measure_spectrum(Engine<float>&, const Model<float>&, const Interpolant&,
                                   const Tensor<float>&, const Tensor<float>&,
                                   const VarianceOptions&, std::int64_t);
template Spectrum measure_spectrum(Engine<double>&, const Model<double>&, const Interpolant&,
                                   const Tensor<double>&, const Tensor<double>&,
                                   const VarianceOptions&, std::int64_t);

}  // namespace gradvar
