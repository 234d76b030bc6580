// first_steps: from a batch of losses to exact per-sample gradients, in one page.
//
// A line through the origin, y = w x, three samples: the loss (w x - u)^2 has the gradient
// 2 (w x - u) x, so that every number below can be checked by hand. The README shows what it
// prints, and a test compares the two.

#include <array>
#include <cstdio>

#include "autograd/collectors/moments.h"
#include "autograd/collectors/norms.h"
#include "autograd/collectors/per_sample.h"
#include "autograd/engine.h"
#include "autograd/ops.h"

int main() {
  using namespace gradvar;
  ParameterSet<double> parameters;
  const ParameterId w = parameters.add("w", {1, 1}), b = parameters.add("b", {1});
  parameters.values(w)[0] = 2;
  const std::array<double, 3> x = {1, 2, 3}, u = {1, 1, 1};
  std::array<double, 3> losses{};

  LanePool pool(1);                            // threads: never change a number
  Engine<double> engine(parameters, pool, 1);  // lanes: pieces of the batch
  PerSampleCollector<double> each;             // what to make of the gradients
  MomentsCollector<double> moments;
  NormsCollector<double> norms;
  engine.run(
      3,
      [&](Tape<double>& tape, const LaneRows<double>&) {
        const Value y = dense(tape, tape.input(x, {3, 1}), w, b);
        return squared_error(tape, y, tape.input(u, {3, 1}));
      },
      {&each, &moments, &norms}, losses);

  for (int n = 0; n < 3; ++n) {
    std::printf("sample %d: loss %g, dl/dw %g, |gradient|^2 %g\n", n, losses[n],
                each.gradient(n, w)[0], norms.squared_norms()[n]);
  }
  const MomentSummary of_w = moments.summaries(Estimator::kUnbiased)[w.index];
  std::printf("w: mean gradient %.4f, variance of one sample's gradient %.4f\n", moments.mean()[0],
              of_w.trace);
}
