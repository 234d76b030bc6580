#include "flow/identifiability_curve.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "autograd/check.h"

namespace gradvar {

namespace {

constexpr int kUsualLevels = 25, kSearchLevels = 13, kSearchSteps = 4;

Interpolant with_noise(const Interpolant& interpolant) {
  check(interpolant.kind != InterpolantKind::kTrigonometric, "identifiability",
        "the trigonometric interpolant takes no noise, expected constant or bridge");
  Interpolant noisy = interpolant;
  if (noisy.kind == InterpolantKind::kLinear) noisy.kind = InterpolantKind::kConstantNoise;
  noisy.sigma = 1;
  return noisy;
}

// Root mean square of the distance between two lines at time t.
double line_distance(const Tensor<double>& x0, const Tensor<double>& x1, double t) {
  const std::int64_t d = x0.row_size(), n = x0.rows();
  double variance = 0;
  for (std::int64_t k = 0; k < d; ++k) {
    const auto point = [&](std::int64_t i) { return (1 - t) * x0[i * d + k] + t * x1[i * d + k]; };
    double mean = 0;
    for (std::int64_t i = 0; i < n; ++i) mean += point(i) / static_cast<double>(n);
    for (std::int64_t i = 0; i < n; ++i) {
      variance += (point(i) - mean) * (point(i) - mean) / static_cast<double>(n);
    }
  }
  return std::sqrt(2 * variance);
}

// How far lines are from one another: halfway, or, where all meet there, at the ends.
double line_scale(const Tensor<double>& x0, const Tensor<double>& x1) {
  const double halfway = line_distance(x0, x1, 0.5);
  const double ends = std::max(line_distance(x0, x1, 0), line_distance(x0, x1, 1));
  return halfway > 0.01 * ends ? halfway : ends;
}

double three_digits(double value) {
  const double scale = std::pow(10.0, 2 - std::floor(std::log10(value)));
  return std::round(value * scale) / scale;
}

// The sigma between two levels at which I falls to `half`, by false position over log sigma.
template <class Information>
Estimate crossing(double half, double low, double at_low, double high, double at_high,
                  const Information& information) {
  double left = std::log(low), right = std::log(high), middle = left;
  Estimate found{at_low, 0};
  double slope = (at_high - at_low) / (right - left);
  for (int step = 0; step < kSearchSteps; ++step) {
    middle = left + (half - at_low) / (at_high - at_low) * (right - left);
    found = information(std::exp(middle));
    slope = (at_high - at_low) / (right - left);
    if (found.value == half) break;
    if (found.value > half) {
      left = middle;
      at_low = found.value;
    } else {
      right = middle;
      at_high = found.value;
    }
  }
  const double sigma = std::exp(middle);
  return {sigma, sigma * found.standard_error / std::abs(slope)};
}

}  // namespace

double IdentifiabilityCurve::log_pairs() const { return std::log(static_cast<double>(pairs)); }

std::vector<double> usual_levels(const Tensor<double>& x0, const Tensor<double>& x1,
                                 const Interpolant& interpolant,
                                 const IdentifiabilityOptions& options, int count, LanePool* pool) {
  constexpr double kNearlyAll = 0.995, kHardlyAny = 0.01;
  const double scale = line_scale(x0, x1);
  check(scale > 0, "identifiability", "all pairs are one line: there is nothing to tell apart");
  std::vector<double> rough;
  for (int power = -24; power <= 6; ++power) rough.push_back(scale * std::pow(2.0, power));
  const std::vector<PairIdentifiability> at =
      measure_identifiability(x0, x1, with_noise(interpolant), rough,
                              {.nodes = 3,
                               .replicates = 2,
                               .t_begin = options.t_begin,
                               .t_end = options.t_end,
                               .pairs_drawn = 128},
                              pool);
  const auto share = [&](std::size_t i) {
    return at[i].information.value / at.front().information.value;
  };
  std::size_t low = 0, high = rough.size() - 1;
  while (low + 1 < rough.size() && share(low + 1) >= kNearlyAll) ++low;
  while (high > low + 1 && share(high - 1) <= kHardlyAny) --high;
  std::vector<double> levels;
  for (int i = 0; i < count; ++i) {
    const double part = count > 1 ? static_cast<double>(i) / (count - 1) : 0.5;
    levels.push_back(three_digits(rough[low] * std::pow(rough[high] / rough[low], part)));
  }
  return levels;
}

IdentifiabilityCurve measure_curve(const Tensor<double>& x0, const Tensor<double>& x1,
                                   const Interpolant& interpolant, std::vector<double> sigmas,
                                   const IdentifiabilityOptions& options, LanePool* pool,
                                   const IdentifiabilityTick& tick) {
  check(x0.rows() >= 2, "identifiability",
        "N is " + std::to_string(x0.rows()) + ", expected 2 or more pairs to tell apart");
  IdentifiabilityCurve curve{.pairs = x0.rows(),
                             .interpolant = with_noise(interpolant),
                             .options = options,
                             .sigmas = std::move(sigmas)};
  const bool usual = curve.sigmas.empty();
  // Where I falls to half is looked for on the whole way, whatever levels are asked for.
  std::vector<double> all =
      usual_levels(x0, x1, interpolant, options, usual ? kUsualLevels : kSearchLevels, pool);
  if (usual) curve.sigmas = all;
  all.insert(all.end(), curve.sigmas.begin(), curve.sigmas.end());
  for (std::vector<double>* list : {&all, &curve.sigmas}) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  // What all levels of a measurement share costs about as much as five of them.
  constexpr std::int64_t kShared = 5;
  const auto weight_of = [](std::size_t levels) {
    return static_cast<std::int64_t>(levels) + kShared;
  };
  const std::int64_t units = weight_of(all.size()) + kSearchSteps * weight_of(1);
  std::int64_t before = 0;
  const auto measure = [&](const std::vector<double>& wanted) {
    const std::int64_t weight = weight_of(wanted.size());
    IdentifiabilityTick part;
    if (tick) {
      part = [&, weight](std::int64_t done, std::int64_t total) {
        tick(before * total + done * weight, units * total);
      };
    }
    std::vector<PairIdentifiability> at =
        measure_identifiability(x0, x1, curve.interpolant, wanted, options, pool, part);
    before += weight;
    return at;
  };
  std::vector<PairIdentifiability> at = measure(all);
  const double half = curve.log_pairs() / 2;
  for (std::size_t i = 0; i + 1 < all.size(); ++i) {
    const double here = at[i].information.value, next = at[i + 1].information.value;
    if (curve.half || !(here >= half && next < half) || all[i] == 0) continue;
    curve.half = crossing(half, all[i], here, all[i + 1], next,
                          [&](double sigma) { return measure({sigma}).front().information; });
  }
  for (const double sigma : curve.sigmas) {
    const auto place = std::lower_bound(all.begin(), all.end(), sigma) - all.begin();
    curve.at.push_back(std::move(at[place]));
  }
  return curve;
}

}  // namespace gradvar
