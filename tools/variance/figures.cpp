#include "tools/variance/figures.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "tools/report/markup.h"
#include "tools/variance/json.h"

namespace gradvar {

namespace {

using namespace report;

constexpr Style kPairStyle{Colour::kBlue}, kTimeStyle{Colour::kOrange}, kNoiseStyle{Colour::kGreen};

// Whether the values span so much that only a logarithmic axis shows them.
bool wide(const std::vector<double>& values) {
  double low = INFINITY, high = 0;
  for (const double value : values) {
    if (!std::isfinite(value) || value <= 0) return false;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  return high > 20 * low;
}

// A histogram of finite values with weights; logarithmic bins where `logarithmic`.
Series histogram(const std::vector<double>& values, const std::vector<double>& weights,
                 const Style& style, bool logarithmic, double low, double high) {
  constexpr int kBins = 40;
  const auto place = [&](double value) { return logarithmic ? std::log(value) : value; };
  const double begin = place(low), width = (place(high) - begin) / kBins;
  std::vector<double> counts(kBins, 0.0);
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i]) || (logarithmic && values[i] <= 0)) continue;
    const double at = width > 0 ? (place(values[i]) - begin) / width : 0;
    counts[std::clamp(static_cast<int>(at), 0, kBins - 1)] += weights.empty() ? 1 : weights[i];
  }
  Series series = bars("", style, {}, {}, {}, {});
  for (int bin = 0; bin < kBins; ++bin) {
    const auto edge = [&](int i) {
      const double at = begin + i * width;
      return logarithmic ? std::exp(at) : at;
    };
    series.x.push_back(edge(bin));
    series.x2.push_back(edge(bin + 1));
    series.y.push_back(0);
    series.y2.push_back(counts[bin]);
  }
  return series;
}

Panel histogram_panel(const std::string& label, const std::vector<double>& values) {
  Panel panel;
  std::vector<double> finite;
  for (const double value : values) {
    if (std::isfinite(value)) finite.push_back(value);
  }
  panel.x = {.label = label, .logarithmic = wide(finite)};
  panel.y = {.label = "pairs", .low = 0};
  panel.legend = Legend::kNone;
  if (finite.empty()) return panel;
  const auto [least, most] = std::minmax_element(finite.begin(), finite.end());
  const double spread = *most > *least ? 0 : std::max(1e-12, std::abs(*most) * 0.01);
  panel.series = {histogram(finite, {}, Style{Colour::kBlue}, panel.x.logarithmic, *least - spread,
                            *most + spread)};
  return panel;
}

}  // namespace

Figure figure_over_time(const Measurement& measurement) {
  std::vector<double> t, trace, mean, loss;
  for (const TimeBin& bin : measurement.exact.first.by_time) {
    t.push_back((bin.t_begin + bin.t_end) / 2);
    trace.push_back(bin.moments.trace);
    mean.push_back(bin.moments.mean_squared_norm);
    loss.push_back(bin.loss);
  }
  const auto axis_of = [&](const std::string& label, const std::vector<double>& a,
                           const std::vector<double>& b) {
    std::vector<double> all = a;
    all.insert(all.end(), b.begin(), b.end());
    Axis axis{.label = label, .logarithmic = wide(all)};
    if (!axis.logarithmic) axis.low = 0;
    return axis;
  };
  Axis time{.label = "time *t*"};
  time.low = measurement.options.t_begin;
  time.high = measurement.options.t_end;
  Panel variance;
  variance.title = "gradient";
  variance.x = time;
  variance.y = axis_of("given *t*", trace, mean);
  const Style trace_style{Colour::kVermillion, Dash::kSolid, Marker::kCircle};
  const Style mean_style{Colour::kBlue, Dash::kDashed, Marker::kTriangle};
  variance.series = {line("trace of the covariance", trace_style, t, trace, 1),
                     line("|mean|²", mean_style, t, mean, 1)};
  Panel losses;
  losses.title = "loss";
  losses.x = time;
  losses.y = axis_of("loss given *t*", loss, {});
  losses.legend = Legend::kNone;
  losses.series = {line("", Style{Colour::kBlack, Dash::kSolid, Marker::kSquare}, t, loss, 1)};
  return {{variance, losses}, 2};
}

Figure figure_by_layer(const Measurement& measurement) {
  const PairReport& pairs = measurement.exact.pairs;
  const std::vector<std::string> layers = measurement.layout.layers();
  Panel panel;
  panel.x = {.label = "trace of the covariance, by cause", .low = 0};
  panel.y.low = 0.4;
  panel.y.high = static_cast<double>(layers.size()) + 0.6;
  Series pair = bars("between pairs", kPairStyle, {}, {}, {}, {});
  Series time = bars("over time", kTimeStyle, {}, {}, {}, {});
  Series noise = bars("over noise", kNoiseStyle, {}, {}, {}, {});
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const double y = static_cast<double>(layers.size() - i);
    panel.y.ticks.push_back({y, literal(layers[i])});
    const VarianceParts parts = pairs.by_layer[i].parts();
    double from = 0;
    const auto stack = [&](Series& series, double part) {
      series.x.push_back(from);
      from += std::max(part, 0.0);
      series.x2.push_back(from);
      series.y.push_back(y - 0.32);
      series.y2.push_back(y + 0.32);
    };
    stack(pair, parts.pair);
    stack(time, parts.time);
    stack(noise, parts.noise);
  }
  panel.series = {pair, time};
  if (measurement.exact.first.noise_points > 1) panel.series.push_back(noise);
  Figure figure{{panel}, 1};
  figure.panel_height = std::min(120 + 34 * static_cast<int>(layers.size()), 1200);
  return figure;
}

Figure figure_by_pair(const Measurement& measurement) {
  const PairReport& pairs = measurement.exact.pairs;
  return {{histogram_panel("loss of a pair", pair_column(pairs, &PairStatistics::loss)),
           histogram_panel("trace within a pair", pair_traces(pairs)),
           histogram_panel("|mean gradient of a pair|²",
                           pair_column(pairs, &PairStatistics::mean_squared_norm)),
           histogram_panel("cosine to the mean of all", pair_cosines(pairs))},
          2};
}

Figure figure_alignment(const Measurement& measurement) {
  const Alignment& alignment = measurement.exact.pairs.alignment;
  std::vector<double> weights;
  double before = 0;
  for (const double up_to : alignment.cumulative) {
    weights.push_back(up_to - before);
    before = up_to;
  }
  Panel panel;
  panel.x = {.label = "cosine of a sample's gradient to the mean gradient", .low = -1, .high = 1};
  panel.y = {.label = "share of the samples", .low = 0};
  panel.legend = Legend::kNone;
  panel.series = {histogram(alignment.cosines, weights, Style{Colour::kSkyBlue}.with_opacity(0.6),
                            false, -1, 1)};
  panel.references = {{true, 0, "", role::kFloor},
                      {true, alignment.mean, "mean", role::kExact.with_width(1.2)}};
  Figure figure{{panel}, 1};
  figure.panel_height = 320;
  return figure;
}

Figure figure_spectrum(const Measurement& measurement) {
  Panel values;
  values.title = "eigenvalues";
  values.x = {.label = "rank", .logarithmic = true};
  values.y = {.label = "eigenvalue", .logarithmic = true};
  const std::vector<SpectrumAt>& all = measurement.spectra;
  // The first and the last, and one between.
  int style = 0;
  for (const std::size_t i : std::set<std::size_t>{0, all.size() / 2, all.size() - 1}) {
    const SpectrumAt& at = all[i];
    std::vector<double> rank;
    for (std::size_t j = 1; j <= at.spectrum.eigenvalues.size(); ++j) {
      rank.push_back(static_cast<double>(j));
    }
    values.series.push_back(line(at.step < 0 ? "" : "step " + std::to_string(at.step),
                                 series_style(style++).with_marker(Marker::kNone), rank,
                                 at.spectrum.eigenvalues));
  }
  if (all.size() < 2) {
    values.title = "";
    values.legend = Legend::kNone;
    return {{values}, 1};
  }
  Panel ranks;
  ranks.title = "through training";
  ranks.x = {.label = "step"};
  ranks.y = {.label = "rank", .low = 0};
  std::vector<double> step, effective, participation;
  for (const SpectrumAt& at : all) {
    step.push_back(static_cast<double>(at.step));
    effective.push_back(at.spectrum.effective_rank);
    participation.push_back(at.spectrum.participation_ratio);
  }
  ranks.series = {line("effective rank", series_style(3), step, effective, 1),
                  line("participation ratio", series_style(4), step, participation, 1)};
  return {{values, ranks}, 2};
}

}  // namespace gradvar
