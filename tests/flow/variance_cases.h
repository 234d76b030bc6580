// variance_cases: a small network on a few pairs, and every weighted gradient of its design kept
// whole, for the tests of the exact variance.
#pragma once

#include <vector>

#include "autograd/collectors/gram.h"
#include "autograd/collectors/per_sample.h"
#include "flow/nested_design.h"
#include "flow/variance.h"
#include "nn/mlp.h"
#include "tests/flow/solver_cases.h"

namespace gradvar::testing {

inline constexpr Interpolant kNoisy{.kind = InterpolantKind::kConstantNoise, .sigma = 0.4};

template <class Real>
struct SmallCase {
  explicit SmallCase(std::int64_t pairs = 5, std::int64_t dim = 2, int lanes = 2)
      : model({.dim = dim, .width = 6, .depth = 2, .activation = Activation::silu}),
        pool(2),
        engine((model.initialise(1), model.parameters()), pool, lanes),
        x0(convert<Real>(normal_rows(1, pairs, dim))),
        x1(convert<Real>(normal_rows(2, pairs, dim))) {}

  [[nodiscard]] VarianceReport measure(const Interpolant& interpolant,
                                       const VarianceOptions& options) {
    return measure_variance(engine, model, interpolant, x0, x1, options);
  }
  [[nodiscard]] const ParameterLayout& layout() const { return model.parameters().layout(); }

  Mlp<Real> model;
  LanePool pool;
  Engine<Real> engine;
  Tensor<Real> x0, x1;
};

// The whole design at once, in its order: pair by pair, node by node, noise by noise.
struct WholeDesign {
  std::int64_t pairs, nodes, points;
  std::vector<double> weights = {};  // adding up to one
  std::vector<double> losses = {};
  Tensor<double> gradients = {};  // [samples, padded size]
  Tensor<double> gram = {};       // [samples, samples]
  std::vector<Tensor<double>> layer_grams = {};

  [[nodiscard]] std::int64_t size() const { return pairs * nodes * points; }
  // E|E[g | group]|^2 over groups of consecutive samples, from block sums of a Gram matrix.
  [[nodiscard]] double block_sums(const Tensor<double>& of, std::int64_t group) const {
    double total = 0;
    for (std::int64_t begin = 0; begin < size(); begin += group) {
      double sum = 0, weight = 0;
      for (std::int64_t n = begin; n < begin + group; ++n) {
        weight += weights[n];
        for (std::int64_t m = begin; m < begin + group; ++m) {
          sum += weights[n] * weights[m] * of[n * size() + m];
        }
      }
      total += sum / weight;
    }
    return total;
  }
};

inline WholeDesign whole_design(SmallCase<double>& c, const Interpolant& interpolant,
                                const VarianceOptions& options) {
  const NoiseRule noise = NoiseRule::make(interpolant, options, c.x0.row_size());
  NestedDesign<double> design(c.x0, c.x1, noise, options, 0, options.time_bins);
  WholeDesign whole{.pairs = design.pairs(), .nodes = design.nodes(), .points = noise.points};
  PerSampleCollector<double> each;
  GramCollector<double> gram;
  whole.losses.resize(design.size());
  design.select(0, design.size());
  c.engine.run(
      design.size(),
      [&](Tape<double>& tape, const LaneRows<double>& rows) {
        return flow_losses(tape, c.model, interpolant, design.rows(rows.begin, rows.count),
                           rows.count);
      },
      {&each, &gram}, whole.losses);
  for (const double weight : design.weights()) {
    whole.weights.push_back(weight / static_cast<double>(design.pairs()));
  }
  whole.gradients = each.gradients();
  whole.gram = gram.gram();
  for (const std::string& layer : c.layout().layers()) {
    std::vector<ParameterId> ids;
    for (int k = 0; k < c.layout().count(); ++k) {
      if (c.layout().infos()[k].layer() == layer) ids.push_back(ParameterId{k});
    }
    whole.layer_grams.push_back(gram.gram_of(ids, c.pool));
  }
  return whole;
}

}  // namespace gradvar::testing
