// unet_problem: the training step on images that is measured: the U-Net of channels 32, mult 1-2-2,
// one block, attention at 16, on random images, two lanes on two threads.
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "autograd/random.h"
#include "bench/step_problem.h"
#include "flow/objective.h"
#include "nn/unet.h"

namespace gradvar {

struct Images {
  Images(std::int64_t size, std::int64_t samples)
      : batch(samples),
        net({.size = size}),
        pool(kThreads),
        engine(net.parameters(), pool, kLanes),
        x(net.sample_shape().batched(samples)),
        u(x.shape()),
        t(Shape{samples, 1}),
        losses(samples) {
    net.initialise(1);
    const RandomStream stream(1, Purpose::kTest);
    // Fresh zeros would leave most gradients zero, and zeros are quick to multiply.
    for (int k = 0; k < net.parameters().layout().count(); ++k) {
      const std::span<float> values = net.parameters().values(ParameterId{k});
      if (std::any_of(values.begin(), values.end(), [](float w) { return w != 0; })) continue;
      stream.normals<float>(10 + k, 0, values);
      for (float& w : values) w *= 0.05F;
    }
    stream.normals<float>(0, 0, x.values());
    stream.normals<float>(1, 0, u.values());
    stream.uniforms<float>(2, 0, t.values());
  }

  // Rows first .. first + count of the batch on this engine.
  void run(Engine<float>& on, std::int64_t first, std::int64_t count,
           std::initializer_list<Collector<float>*> collectors) {
    const auto build = [&](Tape<float>& tape, const LaneRows<float>& rows) {
      const auto part = [&](const Tensor<float>& all) {
        const std::int64_t d = all.row_size();
        return tape.input(all.values().subspan((first + rows.begin) * d, rows.count * d),
                          all.shape().with_rows(rows.count));
      };
      return squared_error(tape, net.forward(tape, part(x), part(t)), part(u));
    };
    differentiate(on, count, build, collectors);
  }

  // The flow-matching loss of the whole batch, with x and u as its pairs.
  void flow(std::initializer_list<Collector<float>*> collectors) {
    const auto build = [&](Tape<float>& tape, const LaneRows<float>& rows) {
      const auto part = [&](const Tensor<float>& all) {
        const std::int64_t d = all.row_size();
        return std::span<const float>(all.values()).subspan(rows.begin * d, rows.count * d);
      };
      return flow_losses(tape, net, Interpolant{},
                         FlowRows<float>{.x0 = part(x), .x1 = part(u), .t = part(t), .z = {}},
                         rows.count);
    };
    differentiate(engine, batch, build, collectors);
  }

  template <class Build>
  void differentiate(Engine<float>& on, std::int64_t count, const Build& build,
                     std::initializer_list<Collector<float>*> collectors) {
    const std::span<float> into = std::span<float>(losses).first(count);
    if (collectors.size() == 0) {
      on.forward(count, build, into);
    } else {
      on.run(count, build, collectors, into);
    }
  }

  std::int64_t batch;
  UNet<float> net;
  LanePool pool;
  Engine<float> engine;
  Tensor<float> x, u, t;
  std::vector<float> losses;
};

}  // namespace gradvar
