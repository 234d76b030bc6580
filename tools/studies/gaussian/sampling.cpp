#include "tools/studies/gaussian/sampling.h"

#include <algorithm>
#include <cmath>

#include "autograd/collectors/moments.h"
#include "autograd/engine.h"
#include "autograd/random.h"
#include "flow/affine_gaussian.h"
#include "flow/objective.h"
#include "tools/report/number.h"

namespace gradvar::gaussian {

GaussianSetting rotated(std::int64_t dim, double angle, std::int64_t planes, double scale) {
  GaussianSetting setting;
  setting.target = isotropic_gaussian(dim, scale);
  setting.pairs = GaussianPairs::kRotated;
  setting.angle = angle;
  setting.planes = planes;
  return setting;
}

GaussianSetting independent(std::int64_t dim, double scale) {
  GaussianSetting setting;
  setting.target = isotropic_gaussian(dim, scale);
  setting.pairs = GaussianPairs::kIndependent;
  return setting;
}

GaussianMoments correlated_gaussian(std::int64_t dim, double rho, double mean) {
  GaussianMoments law{Tensor<double>(Shape{dim}), Tensor<double>(Shape{dim, dim})};
  for (std::int64_t i = 0; i < dim; ++i) {
    law.mean[i] = mean;
    for (std::int64_t j = 0; j < dim; ++j) {
      law.covariance[i * dim + j] = std::pow(rho, static_cast<double>(std::abs(i - j)));
    }
  }
  return law;
}

GaussianSetting rotated(const RotatedLaw& law, double angle) {
  return {
      .target = law.target, .pairs = GaussianPairs::kRotated, .angle = angle, .planes = law.planes};
}

GaussianSetting at_field(GaussianSetting setting, GaussianField field) {
  setting.field = field;
  return setting;
}

GaussianSetting with_noise(GaussianSetting setting, InterpolantKind kind, double sigma) {
  setting.interpolant = {.kind = kind, .sigma = sigma};
  return setting;
}

namespace {

Tensor<double> draw(std::uint64_t seed, Purpose purpose, std::int64_t rows, std::int64_t dim) {
  Tensor<double> values(Shape{rows, dim});
  const RandomStream stream(seed, purpose);
  for (std::int64_t n = 0; n < rows; ++n) {
    stream.normals<double>(0, static_cast<std::uint32_t>(n), values.row(n));
  }
  return values;
}

std::span<const double> part(const Tensor<double>& all, const LaneRows<double>& rows) {
  if (all.size() == 0) return {};
  return all.values().subspan(rows.begin * all.row_size(), rows.count * all.row_size());
}

}  // namespace

SampledMoments sample_moments(const GaussianSetting& setting, std::int64_t count,
                              std::uint64_t seed, std::optional<double> t) {
  const std::int64_t d = setting.dim();
  const Tensor<double> x0 = draw(seed, Purpose::kSource, count, d);
  const AffineMap spread{symmetric_power(setting.target.covariance, 0.5, "target"),
                         setting.target.mean};
  const Tensor<double> x1 = setting.pairs == GaussianPairs::kIndependent
                                ? spread.apply(draw(seed, Purpose::kTarget, count, d))
                                : setting.map().apply(x0);
  const Tensor<double> z =
      setting.interpolant.needs_noise() ? draw(seed, Purpose::kNoise, count, d) : Tensor<double>();
  Tensor<double> times(Shape{count, 1});
  const RandomStream clock(seed, Purpose::kTime);
  for (std::int64_t n = 0; n < count; ++n) {
    times[n] = t ? *t : clock.uniform(0, static_cast<std::uint32_t>(n));
  }

  const AffineGaussianField<double> field(setting.field_map());
  LanePool pool(1);
  Engine<double> engine(field.parameters(), pool, 1);
  MomentsCollector<double> moments;
  std::vector<double> losses(count);
  engine.run(
      count,
      [&](Tape<double>& tape, const LaneRows<double>& rows) {
        return flow_losses<double>(
            tape, field, setting.interpolant,
            {part(x0, rows), part(x1, rows), part(times, rows), part(z, rows)}, rows.count);
      },
      {&moments}, losses);
  const std::vector<MomentSummary> parts = moments.summaries(Estimator::kUnbiased);
  SampledMoments sampled{parts[0], parts[1]};
  for (const double loss : losses) sampled.loss += loss / static_cast<double>(count);
  return sampled;
}

Spread sample_traces(const GaussianSetting& setting, const Preset& preset) {
  Spread spread;
  for (int seed = 0; seed < preset.seeds; ++seed) {
    spread.values.push_back(
        sample_moments(setting, preset.samples, static_cast<std::uint64_t>(seed)).trace());
  }
  return spread;
}

Comparison compare(const GaussianSetting& setting, const Preset& preset) {
  return {setting.theory().over().whole().trace, sample_traces(setting, preset)};
}

nlohmann::json to_json(const Comparison& comparison) {
  return {{"exact", comparison.exact}, {"measured", comparison.measured.values}};
}

Comparison comparison_from(const nlohmann::json& json) {
  return {json.at("exact").get<double>(), {json.at("measured").get<std::vector<double>>()}};
}

Agreement agreement(const std::vector<Comparison>& comparisons) {
  Agreement result{.all = static_cast<int>(comparisons.size())};
  for (const Comparison& c : comparisons) {
    const Interval interval = student_interval(c.measured.values, 1 - 0.05 / result.all);
    if (c.exact != 0) {
      result.widest =
          std::max(result.widest, (interval.high - interval.low) / 2 / std::abs(c.exact));
    }
    result.inside += interval.low <= c.exact && c.exact <= interval.high ? 1 : 0;
    const double error =
        c.measured.standard_deviation() / std::sqrt(static_cast<double>(c.measured.values.size()));
    if (error > 0) {
      result.farthest = std::max(result.farthest, std::abs(c.measured.mean() - c.exact) / error);
    }
  }
  return result;
}

std::string Agreement::text() const {
  return std::to_string(inside) + " of " + std::to_string(all) +
         " exact values inside their intervals (together 95 %), the farthest off by " +
         report::format_number(farthest, 2) + " standard errors, the widest ± " +
         report::format_number(100 * widest, 2) + " % of its value";
}

}  // namespace gradvar::gaussian
