// The probe trusts nobody: separable networks pass, and an op that mixes rows is caught whether or
// not it admits to it.

#include "autograd/probe.h"

#include <gtest/gtest.h>

#include "autograd/collectors/norms.h"
#include "autograd/collectors/sum.h"
#include "tests/autograd/broken_ops.h"
#include "tests/autograd/refusal_of.h"
#include "tests/autograd/small_net.h"

namespace gradvar::testing::probe_test {
namespace {

constexpr std::int64_t kBatch = 5;

// sum over coordinates of silu(centre(W x + b))^2, centred over the batch or not at all.
enum class Centring { kNone, kAdmitted, kDenied };

class Layered {
 public:
  explicit Layered(Centring centring) : centring_(centring) {
    for (double& w : parameters.values(weight_)) w = 0.5 - 0.125 * (next_++);
  }
  Value operator()(Tape<double>& tape, Value rows) const {
    Value h = dense(tape, rows, weight_, bias_);
    if (centring_ != Centring::kNone) h = centre(tape, h, centring_ == Centring::kAdmitted);
    h = silu(tape, h);
    return sum(tape, mul(tape, h, h));
  }
  ParameterSet<double> parameters;
  Tensor<double> x{Shape{kBatch, 3},
                   std::vector<double>{1, 2, 3, -1, 0, 2, 0.5, 1, -2, 3, 1, 1, 0, -1, 1}};

 private:
  Centring centring_;
  int next_ = 0;
  ParameterId weight_ = parameters.add("W", {2, 3}), bias_ = parameters.add("b", {2});
};

ProbeResult probe(const Layered& net) {
  return probe_separability<double>(net.parameters, [&](Tape<double>& tape) {
    return net(tape, tape.variable(net.x.values(), net.x.shape()));
  });
}

template <class Real>
void expect_separable(NetKind kind) {
  const SmallNet<Real> net(kind, kBatch);
  const ProbeResult result = probe_separability<Real>(net.parameters, [&](Tape<Real>& tape) {
    return net.losses()(tape, {0, 0, kBatch, {}});
  });
  EXPECT_TRUE(result.separable) << result.to_string();
  EXPECT_EQ(result.to_string(), "the samples are separate: no loss depends on another sample");
}

TEST(Probe, FindsTheSamplesOfEveryNetSeparate) {
  for (const NetKind kind :
       {NetKind::kPlain, NetKind::kTied, NetKind::kTokens, NetKind::kTiedTokens}) {
    expect_separable<double>(kind);
    expect_separable<float>(kind);
  }
  EXPECT_TRUE(probe(Layered(Centring::kNone)).separable);
}

TEST(Probe, CatchesAnOpThatMixesRowsAndDeniesIt) {
  const ProbeResult result = probe(Layered(Centring::kDenied));
  EXPECT_FALSE(result.separable);
  EXPECT_EQ(result.seeded, 0);
  EXPECT_EQ(result.offending, 1);
  EXPECT_EQ(result.to_string(),
            "the loss of sample 0 depends on sample 1: there, the adjoint of value 1, made by "
            "dense is not 0");
}

TEST(Probe, CatchesPerSampleGradientsThatLeakIntoOtherSamples) {
  ParameterSet<double> parameters;
  const ParameterId g = parameters.add("g", {3});
  const Tensor<double> x(Shape{2, 3}, std::vector<double>{1, 2, 3, 4, 5, 6});
  const ProbeResult result = probe_separability<double>(parameters, [&](Tape<double>& tape) {
    const Value input = tape.input(x.values(), x.shape());
    return sum(tape, broken_gain(tape, input, g, Mistake::kAveragesParameter));
  });
  EXPECT_EQ(result.to_string(),
            "the loss of sample 0 depends on sample 1: there, the gradient of g is not 0");
}

TEST(Probe, MeasuresAnOpThatAdmitsToMixingLikeAnyOther) {
  EXPECT_FALSE(probe(Layered(Centring::kAdmitted)).separable);
}

TEST(Separability, AnOpThatAdmitsToMixingIsRefusedByName) {
  const Layered net(Centring::kAdmitted);
  LanePool pool(1);
  Engine<double> engine(net.parameters, pool, 1);
  std::vector<double> losses(kBatch);
  const auto run = [&](Collector<double>& collector) {
    return refusal_of([&] {
      engine.run(
          kBatch,
          [&](Tape<double>& tape, const LaneRows<double>&) {
            return net(tape, tape.input(net.x.values(), net.x.shape()));
          },
          {&collector}, losses);
    });
  };
  NormsCollector<double> norms;
  EXPECT_EQ(run(norms),
            "[centre] this op mixes the samples of a batch, so there is no per-sample gradient "
            "through it; only the gradient of the summed loss can be asked for");
  SumCollector<double> sum;
  EXPECT_EQ(run(sum), "nothing was refused") << "a sum keeps no samples apart";
}

}  // namespace
}  // namespace gradvar::testing::probe_test
