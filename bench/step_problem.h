// step_problem: the training step that is measured: an MLP, a batch, two lanes on two threads.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "autograd/random.h"
#include "nn/mlp.h"

namespace gradvar {

inline constexpr int kThreads = 2, kLanes = 2;

struct Problem {
  Problem(std::int64_t dim, std::int64_t width, std::int64_t depth, std::int64_t samples)
      : batch(samples),
        model({.dim = dim, .width = width, .depth = depth}),
        pool(kThreads),
        engine(model.parameters(), pool, kLanes),
        x(Shape{samples, dim}),
        u(Shape{samples, dim}),
        t(Shape{samples, 1}),
        losses(samples) {
    model.initialise(1);
    const RandomStream stream(1, Purpose::kTest);
    stream.normals<float>(0, 0, x.values());
    stream.normals<float>(1, 0, u.values());
    stream.uniforms<float>(2, 0, t.values());
    std::int64_t in = dim + 1;
    for (std::int64_t layer = 0; layer <= depth; ++layer) {
      const std::int64_t out = layer == depth ? dim : width;
      // Forward, weight gradient and, but for the first layer, input gradient.
      flops += 2.0 * static_cast<double>(batch * in * out) * (layer == 0 ? 2 : 3);
      in = out;
    }
  }

  void run(std::initializer_list<Collector<float>*> collectors) {
    engine.run(
        batch,
        [&](Tape<float>& tape, const LaneRows<float>& rows) {
          const auto part = [&](const Tensor<float>& all) {
            const std::int64_t d = all.row_size();
            return tape.input(all.values().subspan(rows.begin * d, rows.count * d),
                              {rows.count, d});
          };
          return squared_error(tape, model.forward(tape, part(x), part(t)), part(u));
        },
        collectors, losses);
  }

  std::int64_t batch;
  Mlp<float> model;
  LanePool pool;
  Engine<float> engine;
  Tensor<float> x, u, t;
  std::vector<float> losses;
  double flops = 0;
};

}  // namespace gradvar
