#include "tools/variance/text.h"

#include <cstdio>

#include "tools/monitor.h"

namespace gradvar {

namespace {

void print_row(const std::string& name, const MomentSummary& moments, const VarianceParts* parts,
               bool noisy) {
  std::printf("%-24s %12.6g %12.6g %10.4g %11.4g", name.c_str(), moments.trace,
              moments.mean_squared_norm, moments.signal_to_noise(), moments.noise_scale());
  if (parts != nullptr) {
    const auto share = [&](double part) { return 100 * part / moments.trace; };
    std::printf(" %6.1f %6.1f", share(parts->pair), share(parts->time));
    if (noisy) std::printf(" %6.1f", share(parts->noise));
  }
  std::printf("\n");
}

void print_errors(const PairReport& pairs) {
  const Jackknifed& scale = pairs.jackknife.noise_scale;
  if (pairs.by_pair.size() > 1) {
    std::printf("noise scale %.4g, 95 %% interval over pairs [%.4g, %.4g], jackknife\n",
                scale.estimate, scale.low, scale.high);
  }
  if (pairs.noise_drawn) {
    std::printf("standard error of the noise: trace %.2g, noise scale %.2g\n",
                pairs.noise_errors.trace, pairs.noise_errors.noise_scale);
  }
  const Alignment& alignment = pairs.alignment;
  std::printf("cosine of a sample to the mean: median %.3g, nine in ten in [%.3g, %.3g]\n",
              alignment.quantile(0.5), alignment.quantile(0.05), alignment.quantile(0.95));
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
