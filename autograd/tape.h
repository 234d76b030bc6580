// tape: what was computed, in order, so that it can be walked backwards.
//
// A tape is an explicit object: nothing is recorded anywhere else. Ops run when they are recorded;
// backward() is a plain loop over them in reverse. Every value has the batch as its first axis. The
// losses are a vector, one per sample, and the seed is a vector of ones: so the adjoint of a value
// holds, row by row, the derivative of each sample's own loss.
//
//   Tape<float> tape(parameters);
//   Value x = tape.input(rows, {B, 2});
//   Value y = dense(tape, x, weight, bias);
//   Value loss = squared_error(tape, y, target);       // [B]
//   tape.backward(loss, receiver);                     // factors go to the receiver
//   tape.reset();                                      // memory is kept, values are gone
#pragma once

#include <cstdint>
#include <initializer_list>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "autograd/arena.h"
#include "autograd/factors.h"
#include "autograd/op.h"
#include "autograd/parameters.h"
#include "autograd/shape.h"

namespace gradvar {

// Gets each parameter's gradients as soon as its last factor is there, still in factors.
template <class Real>
class GradientReceiver {
 public:
  virtual ~GradientReceiver() = default;
  virtual void receive(const SampleGradients<Real>& gradients) = 0;
  // Whether it needs samples kept apart. A plain sum does not, and may pass ops that mix rows.
  [[nodiscard]] virtual bool needs_separable_samples() const { return true; }
  // Whether adjoints of what ops made are to be there after the walk; see Tape::adjoint.
  [[nodiscard]] virtual bool keeps_adjoints() const { return false; }
};

// Where ops put their factors: per parameter, a list of uses.
template <class Real>
class FactorBook {
 public:
  // delta [B,T,p], a [B,T,d], in the tape's arena.
  void outer(ParameterId parameter, const Real* delta, const Real* a, std::int64_t positions) {
    add(parameter, Factor<Real>::outer(delta, a, positions));
  }
  // delta [B,T,p], images [B,H,W,C], in the tape's arena; T the grid's positions.
  void patches(ParameterId parameter, const Real* delta, const Real* images,
               const PatchGrid& grid) {
    add(parameter, Factor<Real>::patches(delta, images, grid));
  }
  // gradients [B,size], in the tape's arena.
  void rows(ParameterId parameter, const Real* gradients) {
    add(parameter, Factor<Real>::rows(gradients));
  }

 private:
  friend class Tape<Real>;
  void add(ParameterId parameter, const Factor<Real>& factor);

  std::vector<std::vector<Factor<Real>>> factors_;  // by parameter
  std::vector<ParameterId> touched_;                // by the op that is handing over now
};

// Which samples the rows of a tape are, for ops that draw random numbers: row n is sample first + n
// of the step.
struct RandomRows {
  std::uint64_t seed = 0, step = 0;
  std::int64_t first = 0;
};

template <class Real>
class Tape {
 public:
  // The parameters must outlive the tape and stay as they are between recording and backward.
  explicit Tape(const ParameterSet<Real>& parameters);
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // Forget all values; keep the memory.
  void reset();

  // ---- building: leaves
  // Data. The rows are borrowed, not copied: they must stay until the tape is reset.
  // Throws when rows.size() != shape.size() or when the batch differs from earlier values'.
  Value input(std::span<const Real> rows, const Shape& shape);
  // The same, for data whose adjoint is wanted: derivatives with respect to x, tests, probes.
  Value variable(std::span<const Real> rows, const Shape& shape);

  // Lets ops draw random numbers (dropout) until the next reset. Without it they do not: sampling
  // and measuring see the whole network.
  void set_random_rows(const RandomRows& rows) { random_rows_ = rows; }
  [[nodiscard]] const std::optional<RandomRows>& random_rows() const { return random_rows_; }

  // ---- reading
  [[nodiscard]] std::int64_t batch() const { return batch_; }
  [[nodiscard]] const Shape& shape(Value v) const { return slots_[v.index].shape; }
  [[nodiscard]] std::span<const Real> value(Value v) const {
    return {slots_[v.index].value, static_cast<std::size_t>(slots_[v.index].shape.size())};
  }
  // The adjoint of a value after backward. Zeros where no loss depends on it. A walk with a
  // receiver that does not keep them gives the memory of adjoints of what ops made back as it goes,
  // for those further down: afterwards leaves have theirs, and for others it throws
  // std::invalid_argument.
  [[nodiscard]] std::span<Real> adjoint(Value v);
  [[nodiscard]] const ParameterSet<Real>& parameters() const { return parameters_; }
  // The first op whose output holds a number that is not finite, in the order of recording, or
  // an empty string. Names the op and, where it has one, the layer: "dense (net.2)".
  [[nodiscard]] std::string first_nonfinite() const;
  // For messages: "value 3, made by silu", or "value 0, an input".
  [[nodiscard]] std::string describe(Value v) const;

  // ---- for ops
  // Append an op: allocates the output, runs forward, returns the output's handle. The output wants
  // an adjoint when an input does or there are parameters.
  template <class ConcreteOp>
  Value record(const ConcreteOp& op, const Shape& out, std::initializer_list<Value> inputs,
               std::initializer_list<ParameterId> parameters = {}) {
    return record(op, out, std::span<const Value>(inputs.begin(), inputs.size()),
                  std::span<const ParameterId>(parameters.begin(), parameters.size()));
  }
  template <class ConcreteOp>
  Value record(const ConcreteOp& op, const Shape& out, std::span<const Value> inputs,
               std::span<const ParameterId> parameters = {}) {
    static_assert(std::is_base_of_v<Op<Real>, ConcreteOp>);
    static_assert(std::is_trivially_destructible_v<ConcreteOp>);
    auto* kept = new (arena_.allocate<ConcreteOp>(1)) ConcreteOp(op);
    return append(kept, out, inputs, parameters);
  }
  // An op's output while its forward fills it.
  [[nodiscard]] std::span<Real> output(Value v) {
    return {const_cast<Real*>(slots_[v.index].value),
            static_cast<std::size_t>(slots_[v.index].shape.size())};
  }
  [[nodiscard]] bool wants_adjoint(Value v) const { return slots_[v.index].wants_adjoint; }
  // The adjoint for a GEMM, which can write instead of add: beta is 0 on the first touch, when the
  // memory is still uninitialised, and 1 afterwards.
  struct Accumulator {
    Real* data;
    Real beta;
  };
  [[nodiscard]] Accumulator accumulate(Value v);
  // Adds dx to the adjoint, or, on the first touch, copies it.
  void add_to_adjoint(Value v, std::span<const Real> dx);
  // Memory until the next reset.
  [[nodiscard]] Arena& arena() { return arena_; }
  [[nodiscard]] const Arena& arena() const { return arena_; }
  [[nodiscard]] std::size_t arena_bytes() const { return arena_.held_bytes(); }

  // ---- reverse
  // Seeds every sample's loss with one, walks back, and gives each parameter's gradients to the
  // receiver (which may be null: adjoints only). Once for each recording: adjoints add up.
  // Throws std::invalid_argument when losses or seed are not [B], when the tape was walked back
  // already, and, naming it, for an op that mixes rows when the receiver needs samples apart.
  void backward(Value losses, GradientReceiver<Real>* receiver);
  // The same with another seed, [B]: the separability probe seeds one row.
  void backward(Value losses, std::span<const Real> seed, GradientReceiver<Real>* receiver);

 private:
  struct Slot {
    Shape shape;
    const Real* value;
    Real* adjoint;  // null until first touched
    bool wants_adjoint;
    bool given_back = false;
  };
  struct Spare {
    Real* memory;
    std::int64_t size;
  };
  struct Node {
    Op<Real>* op;
    std::int32_t first_parameter;  // into node_parameters_
    std::int32_t parameter_count;
  };
  Value append(Op<Real>* op, const Shape& out, std::span<const Value> inputs,
               std::span<const ParameterId> parameters);
  Value leaf(std::span<const Real> rows, const Shape& shape, bool wants_adjoint);
  void hand_over(const Node& node, GradientReceiver<Real>& receiver);
  [[nodiscard]] Real* memory_for(std::int64_t size);
  void give_back(const Node& node);

  const ParameterSet<Real>& parameters_;
  Arena arena_;
  std::int64_t batch_ = -1;
  bool walked_back_ = false;
  std::optional<RandomRows> random_rows_;
  std::vector<Slot> slots_;
  std::vector<Spare> spare_;  // of adjoints, until the next reset
  std::vector<Node> nodes_;
  std::vector<ParameterId> node_parameters_;
  std::vector<std::int32_t> uses_left_;  // by parameter
  FactorBook<Real> book_;
};

}  // namespace gradvar
