// gradcheck: is what an op or a model claims true?
//
// A GradcheckCase is a function that records itself on a tape, with the shapes of its inputs and
// parameters and, where there is one, a plain loop that says what should come out. The same object
// serves the tests and `gradvar verify`. Four questions can be asked of it:
//
//   forward_difference        the plain loop                     what it computes
//   finite_difference         central differences, in f64        every gradient, with its sign
//   batch_of_one_difference   each sample in a batch of its own  samples do not touch each other
//   sum_difference            the sum collector                  per-sample gradients add up
//
// The output y_n of a sample, whatever its shape, becomes a loss l_n = <d_n, y_n> with a fixed
// random direction d_n, so every coordinate counts, each with a weight of its own.
//
// Every answer is a difference relative to the largest magnitude in the tensor compared.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autograd/engine.h"
#include "autograd/tape.h"
#include "autograd/tensor.h"

namespace gradvar {

struct GradcheckInput {
  std::string name;
  Shape sample;                // of one sample, without the batch
  double gap = 0;              // every |value| is at least this: off a kink at 0
  bool differentiable = true;  // false for data: no derivative is asked for
};

struct GradcheckParameter {
  std::string name;
  Shape shape;
  double scale = 1;  // standard deviation of its values
};

// Records the case: inputs and parameters as listed. Returns the output, [B,...].
template <class Real>
using GradcheckRecorder = std::function<Value(Tape<Real>& tape, std::span<const Value> inputs,
                                              std::span<const ParameterId> parameters)>;

// One sample's output from its inputs and the parameters, each flat, by plain loops.
using GradcheckReference = std::function<std::vector<double>(
    std::span<const std::vector<double>> inputs, std::span<const std::vector<double>> parameters)>;

struct GradcheckCase {
  std::string name;
  std::vector<GradcheckInput> inputs;
  std::vector<GradcheckParameter> parameters;
  GradcheckRecorder<float> record_f32;
  GradcheckRecorder<double> record_f64;
  GradcheckReference reference;  // may be empty
  std::int64_t batch = 4;
  double step = 1e-3;  // of the finite differences, where values and parameters are of order 1
};

// A case from one generic lambda, [](auto& tape, auto inputs, auto parameters), for both
// precisions.
template <class Record>
[[nodiscard]] GradcheckCase gradcheck_case(std::string name, std::vector<GradcheckInput> inputs,
                                           std::vector<GradcheckParameter> parameters,
                                           const Record& record,
                                           GradcheckReference reference = nullptr) {
  return {.name = std::move(name),
          .inputs = std::move(inputs),
          .parameters = std::move(parameters),
          .record_f32 = record,
          .record_f64 = record,
          .reference = std::move(reference)};
}

// A case with numbers filled in: sample n sees the same ones in any batch.
template <class Real>
class GradcheckData {
 public:
  // With `offsets`, each input x becomes x + b, b a parameter of zeros shaped like a sample. Then a
  // function without parameters has per-sample gradients too: the adjoints of its inputs.
  GradcheckData(const GradcheckCase& of, std::int64_t batch, bool offsets);

  // Records rows first, first + 1, ... and returns their losses [count]. `inputs`, when not null,
  // gets the handles of the inputs, which then want adjoints; `output` that of y.
  Value record(Tape<Real>& tape, std::int64_t first, std::int64_t count,
               std::vector<Value>* inputs = nullptr, Value* output = nullptr) const;
  // The same as a function for an Engine; row 0 of its batch is row `first` here.
  [[nodiscard]] typename Engine<Real>::BuildLosses losses(std::int64_t first = 0) const;

  ParameterSet<Real> parameters;
  std::vector<Tensor<Real>> inputs;  // [batch, sample...]
  Tensor<Real> direction;            // [batch, output...]

 private:
  Value record_output(Tape<Real>& tape, std::int64_t first, std::int64_t count,
                      std::vector<Value>* handles) const;
  const GradcheckCase& case_;
  bool offsets_;
  std::vector<ParameterId> own_;     // the case's parameters
  std::vector<ParameterId> offset_;  // by input; index -1 for none
};

struct Difference {
  double relative = 0;  // infinite for a NaN, and for anything found where all should be 0
  std::string where;    // the worst element, found and expected; empty when there is none
};
// Keeps the larger of the two.
void keep_worse(Difference& worst, const Difference& other);
// Largest |found - expected|, relative to the largest |expected|.
template <class Real>
[[nodiscard]] Difference compare(const std::string& what, std::span<const Real> found,
                                 std::span<const double> expected);

template <class Real>
[[nodiscard]] Difference forward_difference(const GradcheckCase& of);
// Five-point central differences, (f(x-2h) - 8 f(x-h) + 8 f(x+h) - f(x+2h)) / 12h, of each sample's
// own loss, for each coordinate of the inputs and parameters. Error: h^4 |f'''''| / 30 from the
// formula and 1.5 eps |f| / h from rounding, below 1e-11 for smooth functions of order 1 with
// h = 1e-3; a kink closer than 2h gives nonsense, so models with kinks take h = 1e-5, 1e-10.
[[nodiscard]] Difference finite_difference(const GradcheckCase& of);
// Outputs, adjoints of the inputs and per-sample gradients of the parameters.
template <class Real>
[[nodiscard]] Difference batch_of_one_difference(const GradcheckCase& of);
template <class Real>
[[nodiscard]] Difference sum_difference(const GradcheckCase& of);

// What the library promises (docs/architecture.md), and what the finite differences above can tell.
template <class Real>
inline constexpr double kExactness = sizeof(Real) == 8 ? 1e-12 : 1e-4;
inline constexpr double kFiniteDifferenceBound = 1e-8;

}  // namespace gradvar
