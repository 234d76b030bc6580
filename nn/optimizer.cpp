#include "nn/optimizer.h"

#include <cmath>

#include "autograd/check.h"
#include "io/number_text.h"
#include "io/spec.h"
#include "nn/adam.h"
#include "nn/sgd.h"

namespace gradvar {

template <class Real>
Optimizer<Real>::Optimizer(const ParameterLayout& layout,
                           std::initializer_list<const char*> state_names)
    : layout_(layout), pieces_(pieces_of(layout)) {
  for (const char* name : state_names) {
    states_.push_back({name, Tensor<Real>(Shape{layout.padded_size()})});
  }
}

template <class Real>
void Optimizer<Real>::step(std::span<Real> parameters, std::span<const Real> gradient,
                           double learning_rate, LanePool* pool) {
  const auto size = static_cast<std::size_t>(layout_.padded_size());
  check(parameters.size() == size && gradient.size() == size, "optimizer", [&] {
    return "parameters have " + std::to_string(parameters.size()) + " places, the gradient has " +
           std::to_string(gradient.size()) + ": the layout has " + std::to_string(size);
  });
  check(std::isfinite(learning_rate) && learning_rate >= 0, "optimizer", [&] {
    return "the learning rate is " + number_text(learning_rate) +
           ", expected a finite number of 0 or more";
  });
  ++steps_;
  const auto update_piece = [&](int i) {
    const Piece& piece = pieces_[i];
    update(parameters.data() + piece.begin, gradient.data() + piece.begin, piece.begin,
           piece.end - piece.begin, learning_rate);
  };
  const int count = static_cast<int>(pieces_.size());
  if (pool != nullptr) {
    pool->run(count, update_piece);
  } else {
    for (int i = 0; i < count; ++i) update_piece(i);
  }
}

template <class Real>
void Optimizer<Real>::set_steps(std::int64_t steps) {
  check(steps >= 0, "optimizer", std::to_string(steps) + " steps done, expected 0 or more");
  steps_ = steps;
}

template <class Real>
std::unique_ptr<Optimizer<Real>> make_optimizer(std::string_view spec,
                                                const ParameterLayout& layout) {
  const std::string name = SpecReader(spec).name();
  if (name == "sgd") return std::make_unique<Sgd<Real>>(layout, SgdOptions::parse(spec));
  if (name == "adam" || name == "adamw") {
    return std::make_unique<Adam<Real>>(layout, AdamOptions::parse(spec));
  }
  fail("optimizer", "the name is '" + name + "', expected sgd, adam or adamw");
}

template class Optimizer<float>;
template class Optimizer<double>;
template std::unique_ptr<Optimizer<float>> make_optimizer(std::string_view, const ParameterLayout&);
template std::unique_ptr<Optimizer<double>> make_optimizer(std::string_view,
                                                           const ParameterLayout&);

}  // namespace gradvar
