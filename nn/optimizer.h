// optimizer: from a gradient to new parameters, by one loop over the flat block.
//
//   std::unique_ptr<Optimizer<float>> optimizer = make_optimizer<float>("adam", layout);
//   optimizer->step(model.parameters().flat(), gradient.mean(), 1e-3);
//
// The rules are PyTorch's (torch.optim), letter by letter; nn/sgd.h and nn/adam.h hold them. A
// block is updated in pieces of a fixed size, element by element: the bits do not depend on how
// many threads take the pieces. Everything an optimiser remembers lies in named states and in a
// count of steps, so that a checkpoint can hold it (nn/checkpoint.h).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "autograd/collectors/lane_buffers.h"
#include "autograd/lanes.h"
#include "autograd/parameters.h"

namespace gradvar {

// Something an optimiser keeps for every parameter element, under PyTorch's name.
template <class Real>
struct OptimizerState {
  std::string name;     // "exp_avg"
  Tensor<Real> values;  // flat over the layout
};

template <class Real>
class Optimizer {
 public:
  virtual ~Optimizer() = default;

  // The spec that makes this optimiser again: "adam:beta1=0.9,beta2=0.999,eps=1e-08,
  // weight-decay=0", in one line.
  [[nodiscard]] virtual std::string spec() const = 0;

  // One step against the gradient; both spans are flat over the layout. Without a pool the calling
  // thread does it alone. Throws std::invalid_argument when a span does not fit the layout, or the
  // learning rate is negative or not finite.
  void step(std::span<Real> parameters, std::span<const Real> gradient, double learning_rate,
            LanePool* pool = nullptr);

  // ---- for checkpoints
  [[nodiscard]] const ParameterLayout& layout() const { return layout_; }
  // Steps done. Bias corrections count them.
  [[nodiscard]] std::int64_t steps() const { return steps_; }
  // Throws std::invalid_argument when negative.
  void set_steps(std::int64_t steps);
  [[nodiscard]] std::span<OptimizerState<Real>> states() { return states_; }
  [[nodiscard]] std::span<const OptimizerState<Real>> states() const { return states_; }

 protected:
  // States start at zero.
  Optimizer(const ParameterLayout& layout, std::initializer_list<const char*> state_names);

  // Elements offset .. offset + n of the block, in step number steps() (the first is 1). Called
  // from several threads at once, for ranges that do not overlap.
  virtual void update(Real* p, const Real* g, std::int64_t offset, std::int64_t n,
                      double learning_rate) = 0;
  [[nodiscard]] Real* state(int index, std::int64_t offset) {
    return states_[index].values.data() + offset;
  }

 private:
  ParameterLayout layout_;
  std::vector<Piece> pieces_;
  std::vector<OptimizerState<Real>> states_;
  std::int64_t steps_ = 0;
};

// "sgd", "adam" or "adamw", with the keys of nn/sgd.h and nn/adam.h. Throws std::invalid_argument.
template <class Real>
[[nodiscard]] std::unique_ptr<Optimizer<Real>> make_optimizer(std::string_view spec,
                                                              const ParameterLayout& layout);

}  // namespace gradvar
