#include "tools/verify/loop_difference.h"

#include <utility>

#include "autograd/collectors/gram.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/collectors/sum.h"

namespace gradvar {

namespace {

// Each sample's gradient from a batch of its own: [batch, padded size].
template <class Real>
Tensor<double> one_by_one(const GradcheckData<Real>& data, std::int64_t batch) {
  LanePool pool(1);
  Engine<Real> engine(data.parameters, pool, 1);
  Tensor<double> gradients(Shape{batch, data.parameters.layout().padded_size()});
  Real loss;
  for (std::int64_t n = 0; n < batch; ++n) {
    PerSampleCollector<Real> alone;
    engine.run(1, data.losses(n), {&alone}, {&loss, 1});
    for (std::int64_t i = 0; i < gradients.row_size(); ++i) {
      gradients.row(n)[i] = static_cast<double>(alone.gradients()[i]);
    }
  }
  return gradients;
}

struct Plain {
  std::vector<double> mean, variance, norms, gram;
};

Plain plain_statistics(const Tensor<double>& g, std::span<const double> weights) {
  const std::int64_t batch = g.rows(), size = g.row_size();
  Plain plain{std::vector<double>(size), std::vector<double>(size), std::vector<double>(batch),
              std::vector<double>(batch * batch)};
  double total = 0;
  for (const double w : weights) total += w;
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t n = 0; n < batch; ++n) plain.mean[i] += weights[n] * g.row(n)[i] / total;
    for (std::int64_t n = 0; n < batch; ++n) {
      const double deviation = g.row(n)[i] - plain.mean[i];
      plain.variance[i] += weights[n] * deviation * deviation / total;
    }
  }
  for (std::int64_t n = 0; n < batch; ++n) {
    for (std::int64_t m = 0; m < batch; ++m) {
      double inner = 0;
      for (std::int64_t i = 0; i < size; ++i) inner += g.row(n)[i] * g.row(m)[i];
      plain.gram[n * batch + m] = inner;
      if (n == m) plain.norms[n] = inner;
    }
  }
  return plain;
}

}  // namespace

template <class Real>
Difference loop_difference(const GradcheckCase& of, const LoopSetup& setup) {
  const GradcheckData<Real> data(of, setup.batch, /*offsets=*/true);
  const ParameterLayout& layout = data.parameters.layout();
  if (layout.count() == 0) return {};
  std::vector<Real> given;
  std::vector<double> weights(setup.batch, 1.0);
  if (setup.weighted) {
    for (std::int64_t n = 0; n < setup.batch; ++n) weights[n] = 0.5 * static_cast<double>(n % 5);
    given.assign(weights.begin(), weights.end());
  }
  const Tensor<double> alone = one_by_one(data, setup.batch);
  const Plain plain = plain_statistics(alone, weights);

  LanePool pool(2);
  Engine<Real> engine(data.parameters, pool, setup.lanes);
  SumCollector<Real> sum;
  MomentsCollector<Real> moments;
  NormsCollector<Real> norms;
  GramCollector<Real> gram;
  PerSampleCollector<Real> each;
  std::vector<Real> losses(setup.batch);
  engine.run(setup.batch, data.losses(), {&sum, &moments, &norms, &gram, &each}, losses, given);

  Difference worst;
  std::vector<Real> variance(moments.squared_deviations().begin(),
                             moments.squared_deviations().end());
  for (Real& v : variance) v = static_cast<Real>(static_cast<double>(v) / moments.weights().sum);
  const auto by_parameter = [&](const char* what, std::span<const Real> found,
                                std::span<const double> expected) {
    for (const ParameterInfo& info : layout.infos()) {
      const ParameterId id = *layout.find(info.name);
      keep_worse(worst, compare<Real>(of.name + ": " + what + " of " + info.name,
                                      layout.slice(found, id), layout.slice(expected, id)));
    }
  };
  by_parameter("mean (sum)", std::as_const(sum).mean(), plain.mean);
  by_parameter("mean (moments)", std::as_const(moments).mean(), plain.mean);
  by_parameter("variance", variance, plain.variance);
  keep_worse(worst,
             compare<double>(of.name + ": squared norms", norms.squared_norms(), plain.norms));
  keep_worse(worst, compare<double>(of.name + ": Gram matrix", gram.gram().values(), plain.gram));
  keep_worse(worst, compare<Real>(of.name + ": per-sample gradients", each.gradients().values(),
                                  alone.values()));
  return worst;
}

template Difference loop_difference<float>(const GradcheckCase&, const LoopSetup&);
template Difference loop_difference<double>(const GradcheckCase&, const LoopSetup&);

}  // namespace gradvar
