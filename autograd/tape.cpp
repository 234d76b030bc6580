#include "autograd/tape.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>

#include "autograd/check.h"
#include "autograd/kernels.h"

namespace gradvar {

template <class Real>
void FactorBook<Real>::add(ParameterId parameter, const Factor<Real>& factor) {
  factors_[parameter.index].push_back(factor);
  touched_.push_back(parameter);
}

template <class Real>
Tape<Real>::Tape(const ParameterSet<Real>& parameters) : parameters_(parameters) {
  reset();
}

template <class Real>
void Tape<Real>::reset() {
  arena_.reset();
  slots_.clear();
  spare_.clear();
  nodes_.clear();
  node_parameters_.clear();
  batch_ = -1;
  walked_back_ = false;
  random_rows_.reset();
  uses_left_.assign(parameters_.layout().count(), 0);
  book_.factors_.resize(parameters_.layout().count());
  for (std::vector<Factor<Real>>& uses : book_.factors_) uses.clear();
}

template <class Real>
Value Tape<Real>::leaf(std::span<const Real> rows, const Shape& shape, bool wants_adjoint) {
  check_rank_at_least("tape", "an input", shape, 1);
  check(static_cast<std::int64_t>(rows.size()) == shape.size(), "tape", [&] {
    return std::to_string(rows.size()) + " numbers given for an input of shape " +
           shape.to_string();
  });
  if (batch_ < 0) batch_ = shape.rows();
  check(shape.rows() == batch_, "tape", [&] {
    return "an input is " + shape.to_string() + ", this tape's batch is " + std::to_string(batch_);
  });
  slots_.push_back({shape, rows.data(), nullptr, wants_adjoint});
  return {static_cast<std::int32_t>(slots_.size() - 1)};
}

template <class Real>
Value Tape<Real>::input(std::span<const Real> rows, const Shape& shape) {
  return leaf(rows, shape, false);
}

template <class Real>
Value Tape<Real>::variable(std::span<const Real> rows, const Shape& shape) {
  return leaf(rows, shape, true);
}

template <class Real>
Value Tape<Real>::append(Op<Real>* op, const Shape& out, std::span<const Value> inputs,
                         std::span<const ParameterId> parameters) {
  check(batch_ >= 0 && out.rank() >= 1 && out.rows() == batch_, op->name(), [&] {
    return "the output is " + out.to_string() + ", this tape's batch is " + std::to_string(batch_);
  });
  bool wants_adjoint = !parameters.empty();
  for (const Value input : inputs)
    wants_adjoint = wants_adjoint || slots_[input.index].wants_adjoint;
  slots_.push_back({out, arena_.allocate<Real>(out.size()), nullptr, wants_adjoint});
  op->output = {static_cast<std::int32_t>(slots_.size() - 1)};
  nodes_.push_back({op, static_cast<std::int32_t>(node_parameters_.size()),
                    static_cast<std::int32_t>(parameters.size())});
  for (const ParameterId parameter : parameters) {
    node_parameters_.push_back(parameter);
    ++uses_left_[parameter.index];
  }
  op->forward(*this);
  return op->output;
}

template <class Real>
typename Tape<Real>::Accumulator Tape<Real>::accumulate(Value v) {
  Slot& slot = slots_[v.index];
  check(!slot.given_back, "tape", "this adjoint was given back during the walk");
  if (slot.adjoint != nullptr) return {slot.adjoint, Real(1)};
  slot.adjoint = memory_for(slot.shape.size());
  return {slot.adjoint, Real(0)};
}

// The memory given back last is the warmest.
template <class Real>
Real* Tape<Real>::memory_for(std::int64_t size) {
  const auto fits = std::find_if(spare_.rbegin(), spare_.rend(),
                                 [size](const Spare& spare) { return spare.size == size; });
  if (fits == spare_.rend()) return arena_.allocate<Real>(size);
  Real* memory = fits->memory;
  spare_.erase(std::next(fits).base());
  return memory;
}

// Unless a factor lies in it: collectors read factors when all lanes are done.
template <class Real>
void Tape<Real>::give_back(const Node& node) {
  Slot& slot = slots_[node.op->output.index];
  const Real *begin = slot.adjoint, *end = begin + slot.shape.size();
  const auto inside = [&](const Real* x) {
    return !std::less<>()(x, begin) && std::less<>()(x, end);
  };
  for (std::int32_t k = 0; k < node.parameter_count; ++k) {
    const ParameterId parameter = node_parameters_[node.first_parameter + k];
    for (const Factor<Real>& use : book_.factors_[parameter.index]) {
      if (inside(use.delta) || inside(use.a)) return;
    }
  }
  spare_.push_back({slot.adjoint, slot.shape.size()});
  slot.adjoint = nullptr;
  slot.given_back = true;
}

template <class Real>
void Tape<Real>::add_to_adjoint(Value v, std::span<const Real> dx) {
  const Accumulator to = accumulate(v);
  if (to.beta == Real(0)) {
    std::copy(dx.begin(), dx.end(), to.data);
  } else {
    kernels::accumulate(dx.data(), to.data, static_cast<std::int64_t>(dx.size()));
  }
}

template <class Real>
std::span<Real> Tape<Real>::adjoint(Value v) {
  const Accumulator accumulator = accumulate(v);
  const std::int64_t size = slots_[v.index].shape.size();
  if (accumulator.beta == Real(0)) std::fill_n(accumulator.data, size, Real(0));
  return {accumulator.data, static_cast<std::size_t>(size)};
}

template <class Real>
void Tape<Real>::backward(Value losses, GradientReceiver<Real>* receiver) {
  Real* ones = arena_.allocate<Real>(batch_);
  std::fill_n(ones, batch_, Real(1));
  backward(losses, {ones, static_cast<std::size_t>(batch_)}, receiver);
}

template <class Real>
void Tape<Real>::backward(Value losses, std::span<const Real> seed,
                          GradientReceiver<Real>* receiver) {
  check(shape(losses) == Shape{batch_}, "backward", [&] {
    return "the losses are " + shape(losses).to_string() + ", expected one per sample, " +
           Shape{batch_}.to_string();
  });
  check(static_cast<std::int64_t>(seed.size()) == batch_, "backward", [&] {
    return "the seed has " + std::to_string(seed.size()) + " numbers, expected one per sample, " +
           std::to_string(batch_);
  });
  check(!walked_back_, "backward",
        "this tape was walked back already, and adjoints would add up; reset it and record again");
  if (receiver != nullptr && receiver->needs_separable_samples()) {
    for (const Node& node : nodes_) {
      check(node.op->separable(), node.op->name(),
            "this op mixes the samples of a batch, so there is no per-sample gradient through it; "
            "only the gradient of the summed loss can be asked for");
    }
  }
  walked_back_ = true;
  std::copy(seed.begin(), seed.end(), adjoint(losses).begin());
  for (auto node = nodes_.rbegin(); node != nodes_.rend(); ++node) {
    const Slot& out = slots_[node->op->output.index];
    if (!out.wants_adjoint) continue;
    // A parameterised op whose output no loss depends on still hands over its (zero) factors, so
    // that the other uses of its parameters are not left waiting.
    if (out.adjoint == nullptr && node->parameter_count == 0) continue;
    (void)adjoint(node->op->output);
    node->op->backward(*this);
    if (receiver == nullptr) continue;
    if (node->parameter_count > 0) hand_over(*node, *receiver);
    if (!receiver->keeps_adjoints()) give_back(*node);
  }
}

template <class Real>
void Tape<Real>::hand_over(const Node& node, GradientReceiver<Real>& receiver) {
  book_.touched_.clear();
  node.op->per_sample(*this, book_);
  check(static_cast<std::int32_t>(book_.touched_.size()) == node.parameter_count, node.op->name(),
        [&] {
          return "per_sample handed over " + std::to_string(book_.touched_.size()) +
                 " factors for " + std::to_string(node.parameter_count) + " parameters";
        });
  for (const ParameterId parameter : book_.touched_) {
    if (--uses_left_[parameter.index] > 0) continue;
    const Shape& shape = parameters_.info(parameter).shape;
    receiver.receive({.parameter = parameter,
                      .batch = batch_,
                      .fan_out = shape.rows(),
                      .fan_in = shape.row_size(),
                      .uses = book_.factors_[parameter.index]});
  }
}

template <class Real>
std::string Tape<Real>::first_nonfinite() const {
  for (const Node& node : nodes_) {
    const std::span<const Real> out = value(node.op->output);
    if (std::all_of(out.begin(), out.end(), [](Real x) { return std::isfinite(x); })) continue;
    std::string where(node.op->name());
    if (node.parameter_count > 0) {
      const ParameterId first = node_parameters_[node.first_parameter];
      where += " (" + std::string(parameters_.info(first).layer()) + ")";
    }
    return where;
  }
  return {};
}

template <class Real>
std::string Tape<Real>::describe(Value v) const {
  const auto made = std::find_if(nodes_.begin(), nodes_.end(), [v](const Node& node) {
    return node.op->output.index == v.index;
  });
  return "value " + std::to_string(v.index) +
         (made == nodes_.end() ? ", an input" : ", made by " + std::string(made->op->name()));
}

template class FactorBook<float>;
template class FactorBook<double>;
template class Tape<float>;
template class Tape<double>;

}  // namespace gradvar
