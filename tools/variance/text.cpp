#include "tools/variance/text.h"

#include <array>
#include <cmath>
#include <cstdio>

#include "tools/monitor.h"

namespace gradvar {

namespace {

// A number by its printf format; "-" where there is none, as in ratios of gradients that are zero.
std::string text_of(const char* format, double value) {
  if (std::isnan(value)) return "-";
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), format, value);
  return text.data();
}

void print_row(const std::string& name, const MomentSummary& moments, const VarianceParts* parts,
               bool noisy) {
  std::printf("%-24s %12.6g %12.6g %10s %11s", name.c_str(), moments.trace,
              moments.mean_squared_norm, text_of("%.4g", moments.signal_to_noise()).c_str(),
              text_of("%.4g", moments.noise_scale()).c_str());
  if (parts != nullptr) {
    const auto share = [&](double part) { return text_of("%.1f", 100 * part / moments.trace); };
    std::printf(" %6s %6s", share(parts->pair).c_str(), share(parts->time).c_str());
    if (noisy) std::printf(" %6s", share(parts->noise).c_str());
  }
  std::printf("\n");
}

void print_errors(const PairReport& pairs) {
  const Jackknifed& scale = pairs.jackknife.noise_scale;
  if (pairs.by_pair.size() > 1 && std::isfinite(scale.low)) {
    std::printf("noise scale %.4g, 95 %% interval over pairs [%.4g, %.4g], jackknife\n",
                scale.estimate, scale.low, scale.high);
  } else if (pairs.by_pair.size() > 1) {
    std::printf("noise scale %s, no interval over pairs: without one of them nothing varies\n",
                text_of("%.4g", scale.estimate).c_str());
  }
  if (pairs.noise_drawn && std::isnan(pairs.noise_errors.trace)) {
    std::printf(
        "one draw of the noise has neither an error nor a share: expected --noise-draws 2 or "
        "more\n");
  } else if (pairs.noise_drawn) {
    std::printf("standard error of the noise: trace %.2g, noise scale %.2g\n",
                pairs.noise_errors.trace, pairs.noise_errors.noise_scale);
  }
  const Alignment& alignment = pairs.alignment;
  const auto quantile = [&](double level) { return text_of("%.3g", alignment.quantile(level)); };
  std::printf("cosine of a sample to the mean: median %s, nine in ten in [%s, %s]\n",
              quantile(0.5).c_str(), quantile(0.05).c_str(), quantile(0.95).c_str());
}

void print_floor(const Measurement& measurement) {
  if (!measurement.floor) {
    std::printf("loss floor: not known, %s\n", measurement.no_floor.c_str());
    return;
  }
  const auto [floor, excess, points] = *measurement.floor;
  std::printf("loss floor %.6g", floor.value);
  if (points > 0) std::printf(" +- %.2g", floor.standard_error);
  std::printf(", excess over it %.6g", excess.value);
  if (points > 0) std::printf(" +- %.2g, one standard error over draws", excess.standard_error);
  std::printf("\n");
}

}  // namespace

void print_measurement(const Measurement& measurement) {
  const VarianceReport& first = measurement.exact.first;
  const PairReport& pairs = measurement.exact.pairs;
  const bool noisy = first.noise_points > 1;
  std::printf("%-24s %12s %12s %10s %11s %6s %6s%s\n", "", "trace of cov", "|mean|^2", "SNR",
              "noise scale", "pair %", "time %", noisy ? " noise %" : "");
  const VarianceParts whole = pairs.whole.parts();
  print_row("whole", first.whole, &whole, noisy);
  const std::vector<std::string> layers = measurement.layout.layers();
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const VarianceParts parts = pairs.by_layer[i].parts();
    print_row(layers[i], first.by_layer[i], &parts, noisy);
  }
  for (const TimeBin& bin : first.by_time) {
    print_row("t in [" + short_number(bin.t_begin) + ", " + short_number(bin.t_end) + ")",
              bin.moments, nullptr, noisy);
  }
  print_errors(pairs);
  for (const SpectrumAt& at : measurement.spectra) {
    const Spectrum& s = at.spectrum;
    std::printf("spectrum%s: effective rank %.4g, participation ratio %.4g, top %.4g of %.4g\n",
                at.step < 0 ? "" : (" at step " + std::to_string(at.step)).c_str(),
                s.effective_rank, s.participation_ratio,
                s.eigenvalues.empty() ? 0 : s.eigenvalues.front(), s.trace);
  }
  if (measurement.finer) {
    std::printf("from %d to %d times no number changes by more than %.2g\n",
                measurement.options.node_count(), 2 * measurement.options.node_count(),
                largest_change(changes(measurement)));
  }
  std::printf("loss %.6g; %lld weighted gradients; population variance of one sample's gradient\n",
              first.loss, static_cast<long long>(first.samples));
  print_floor(measurement);
}

}  // namespace gradvar
