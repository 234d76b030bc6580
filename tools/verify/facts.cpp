// The rows of `gradvar verify` that are neither an op nor a model.

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "autograd/collectors/gram.h"
#include "autograd/collectors/moments.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/ops.h"
#include "autograd/probe.h"
#include "autograd/random.h"
#include "nn/mlp.h"
#include "tools/verify/verification.h"

namespace gradvar {

namespace {

constexpr std::int64_t kBatch = 24;

// A fact that holds or does not.
Difference unless(bool holds, const std::string& otherwise) {
  if (holds) return {};
  return {std::numeric_limits<double>::infinity(), otherwise};
}

template <class Real>
Tensor<Real> noise(std::uint64_t which, const Shape& shape) {
  std::vector<double> draws(shape.size());
  RandomStream(23, Purpose::kTest).normals<double>(which, 0, draws);
  Tensor<Real> values(shape);
  for (std::size_t i = 0; i < draws.size(); ++i) values[i] = static_cast<Real>(draws[i]);
  return values;
}

// Random123's kat_vectors for philox4x32-10.
Difference philox_difference() {
  struct Answer {
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    std::array<std::uint32_t, 4> block;
  };
  constexpr std::uint32_t ones = 0xffffffff;
  const Answer answers[] = {
      {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {{ones, ones, ones, ones}, {ones, ones}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
       {0xa4093822, 0x299f31d0},
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}};
  const bool all = std::ranges::all_of(answers, [](const Answer& answer) {
    return philox4x32(answer.counter, answer.key) == answer.block;
  });
  return unless(all, "a Philox4x32-10 block is not the published one");
}

// v = W [x, t] + b and l = |u - v|^2, so with r = u - v: dW_n = -2 r [x, t]^T and db_n = -2 r.
template <class Real>
Difference affine_field_difference() {
  constexpr std::int64_t kDim = 3;
  Mlp<Real> field({.dim = kDim, .depth = 0});
  field.initialise(5);
  const Tensor<Real> x = noise<Real>(1, {kBatch, kDim}), u = noise<Real>(2, {kBatch, kDim}),
                     t = noise<Real>(3, {kBatch, 1});
  LanePool pool(2);
  Engine<Real> engine(field.parameters(), pool, 2);
  PerSampleCollector<Real> each;
  std::vector<Real> losses(kBatch);
  engine.run(
      kBatch,
      [&](Tape<Real>& tape, const LaneRows<Real>& rows) {
        const auto part = [&](const Tensor<Real>& all) {
          return tape.input(
              all.values().subspan(rows.begin * all.row_size(), rows.count * all.row_size()),
              all.shape().with_rows(rows.count));
        };
        return squared_error(tape, field.forward(tape, part(x), part(t)), part(u));
      },
      {&each}, losses);
  const std::span<const Real> w = field.parameters().values({0}),
                              b = field.parameters().values({1});
  Difference worst;
  for (std::int64_t n = 0; n < kBatch; ++n) {
    std::vector<double> input(x.row(n).begin(), x.row(n).end()), dw, db;
    input.push_back(static_cast<double>(t[n]));
    for (std::int64_t o = 0; o < kDim; ++o) {
      double r = static_cast<double>(u.row(n)[o]) - static_cast<double>(b[o]);
      for (std::int64_t i = 0; i <= kDim; ++i) {
        r -= static_cast<double>(w[o * (kDim + 1) + i]) * input[i];
      }
      for (const double value : input) dw.push_back(-2 * r * value);
      db.push_back(-2 * r);
    }
    const std::string sample = "affine field, sample " + std::to_string(n);
    keep_worse(worst, compare<Real>(sample + ": weight", each.gradient(n, {0}), dw));
    keep_worse(worst, compare<Real>(sample + ": bias", each.gradient(n, {1}), db));
  }
  return worst;
}

// Batches of 1, 2, 8 and 13 samples merged as they come, against two passes over all 24.
template <class Real>
Difference streaming_difference(const GradcheckCase& of) {
  const GradcheckData<Real> data(of, kBatch, /*offsets=*/false);
  const ParameterLayout& layout = data.parameters.layout();
  LanePool pool(2);
  Engine<Real> engine(data.parameters, pool, 2);
  std::vector<Real> losses(kBatch);
  StreamingMoments streamed(layout);
  std::int64_t first = 0;
  for (const std::int64_t count : {1, 2, 8, 13}) {
    MomentsCollector<Real> moments;
    engine.run(count, data.losses(first), {&moments}, std::span(losses).first(count));
    streamed.merge<Real>(std::as_const(moments).mean(), moments.squared_deviations(),
                         moments.weights());
    first += count;
  }
  PerSampleCollector<Real> each;
  engine.run(kBatch, data.losses(), {&each}, losses);
  const Tensor<Real>& g = each.gradients();
  std::vector<double> variance(g.row_size());
  for (std::int64_t i = 0; i < g.row_size(); ++i) {
    double mean = 0;
    for (std::int64_t n = 0; n < kBatch; ++n) mean += static_cast<double>(g.row(n)[i]) / kBatch;
    for (std::int64_t n = 0; n < kBatch; ++n) {
      const double deviation = static_cast<double>(g.row(n)[i]) - mean;
      variance[i] += deviation * deviation / (kBatch - 1);
    }
  }
  const Tensor<double> found = streamed.variance(Estimator::kUnbiased);
  Difference worst;
  for (const ParameterInfo& info : layout.infos()) {
    const ParameterId id = *layout.find(info.name);
    keep_worse(worst,
               compare<double>("merged variance of " + info.name, layout.slice(found.values(), id),
                               layout.slice(std::span<const double>(variance), id)));
  }
  return worst;
}

// Variance and Gram matrix, bit by bit, from 1, 2 and 3 threads.
Difference threads_difference(std::span<const GradcheckCase> models) {
  for (const GradcheckCase& of : models) {
    const GradcheckData<float> data(of, kBatch, /*offsets=*/false);
    std::vector<float> variance;
    std::vector<double> gram;
    for (const int threads : {1, 2, 3}) {
      LanePool pool(threads);
      Engine<float> engine(data.parameters, pool, 4);
      MomentsCollector<float> moments;
      GramCollector<float> products;
      std::vector<float> losses(kBatch);
      engine.run(kBatch, data.losses(), {&moments, &products}, losses);
      const std::span<const float> m2 = moments.squared_deviations();
      const std::span<const double> inner = products.gram().values();
      if (threads == 1) {
        variance.assign(m2.begin(), m2.end());
        gram.assign(inner.begin(), inner.end());
      }
      const bool same = std::memcmp(variance.data(), m2.data(), m2.size_bytes()) == 0 &&
                        std::memcmp(gram.data(), inner.data(), inner.size_bytes()) == 0;
      if (!same) {
        return unless(false, of.name + ": other bits on " + std::to_string(threads) + " threads");
      }
    }
  }
  return {};
}

Difference mixing(std::span<const GradcheckCase> models) {
  for (const GradcheckCase& of : models) {
    const GradcheckData<double> data(of, 5, /*offsets=*/false);
    const ProbeResult result = probe_separability<double>(data.parameters, [&](Tape<double>& tape) {
      std::vector<Value> inputs;
      return data.record(tape, 0, 5, &inputs);
    });
    if (!result.separable) return unless(false, of.name + ": " + result.to_string());
  }
  return {};
}

VerificationRow fact(std::string what, Difference difference, double bound) {
  VerificationRow row;
  row.group = "facts";
  row.what = std::move(what);
  row.closed_form = {std::move(difference), bound};
  return row;
}

}  // namespace

std::vector<VerificationRow> verify_facts(std::span<const GradcheckCase> models) {
  std::vector<VerificationRow> rows = {
      fact("Philox4x32-10, published answers", philox_difference(), 0),
      fact("affine field, g = -2 r [x,t,1], f64", affine_field_difference<double>(),
           kExactness<double>),
      fact("affine field, g = -2 r [x,t,1], f32", affine_field_difference<float>(),
           kExactness<float>)};
  if (models.empty()) return rows;
  rows.push_back(fact("variance merged over batches, f64",
                      streaming_difference<double>(models.back()), kExactness<double>));
  rows.push_back(fact("variance merged over batches, f32",
                      streaming_difference<float>(models.back()), kExactness<float>));
  rows.push_back(fact("same bits on 1, 2, 3 threads", threads_difference(models), 0));
  rows.push_back(fact("no loss reaches another sample", mixing(models), 0));
  return rows;
}

}  // namespace gradvar
