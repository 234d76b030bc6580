// op_claims: the five claims of an op's test, in one line.
//
//   struct Square {
//     static std::vector<GradcheckCase> cases() { return {square_case({3}), ...}; }
//     static std::vector<Refusal> refusals() { return {...}; }
//   };
//   INSTANTIATE_TYPED_TEST_SUITE_P(Square, OpClaims, Square);
//
// Each case runs in batches of 1 and of 4, in f64 and in f32. autograd/gradcheck.h says what is
// measured; a failure names the element that is worst.
#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "autograd/gradcheck.h"
#include "autograd/op_cases.h"
#include "tests/autograd/refusal_of.h"

namespace gradvar::testing {

// Inputs (with their batch) and parameters on which recording must fail with this sentence.
struct Refusal {
  std::vector<Shape> inputs;
  std::vector<Shape> parameters;
  GradcheckRecorder<float> record_f32;
  GradcheckRecorder<double> record_f64;
  std::string sentence;
};

template <class Record>
Refusal refuses(std::vector<Shape> inputs, std::vector<Shape> parameters, const Record& record,
                std::string sentence) {
  return {std::move(inputs), std::move(parameters), record, record, std::move(sentence)};
}

template <class Real>
void expect_refused(const Refusal& refusal, const GradcheckRecorder<Real>& record) {
  ParameterSet<Real> set;
  std::vector<ParameterId> parameters;
  for (const Shape& shape : refusal.parameters) {
    parameters.push_back(set.add("p" + std::to_string(parameters.size()), shape));
  }
  Tape<Real> tape(set);
  const auto attempt = [&] {
    std::vector<Tensor<Real>> tensors;
    std::vector<Value> inputs;
    for (const Shape& shape : refusal.inputs) {
      const Tensor<Real>& tensor = tensors.emplace_back(shape);
      inputs.push_back(tape.input(tensor.values(), shape));
    }
    (void)record(tape, inputs, parameters);
  };
  EXPECT_EQ(refusal_of(attempt), refusal.sentence);
}

// Runs a question on every case, in batches of 1 and 4, and holds the answer against its bound.
template <class Question>
void expect_within(std::vector<GradcheckCase> cases, double bound, const Question& question) {
  ASSERT_FALSE(cases.empty());
  for (GradcheckCase& one : cases) {
    for (const std::int64_t batch : {1, 4}) {
      one.batch = batch;
      const Difference difference = question(one);
      EXPECT_LE(difference.relative, bound) << difference.where << ", batch " << batch;
    }
  }
}

template <class Op>
class OpClaims : public ::testing::Test {};

TYPED_TEST_SUITE_P(OpClaims);

TYPED_TEST_P(OpClaims, ForwardMatchesReference) {
  expect_within(TypeParam::cases(), kExactness<double>, forward_difference<double>);
  expect_within(TypeParam::cases(), kExactness<float>, forward_difference<float>);
}

TYPED_TEST_P(OpClaims, GradientMatchesFiniteDifference) {
  expect_within(TypeParam::cases(), kFiniteDifferenceBound, finite_difference);
}

TYPED_TEST_P(OpClaims, PerSampleMatchesBatchOfOne) {
  expect_within(TypeParam::cases(), kExactness<double>, batch_of_one_difference<double>);
  expect_within(TypeParam::cases(), kExactness<float>, batch_of_one_difference<float>);
}

TYPED_TEST_P(OpClaims, PerSampleSumsToBatch) {
  expect_within(TypeParam::cases(), kExactness<double>, sum_difference<double>);
  expect_within(TypeParam::cases(), kExactness<float>, sum_difference<float>);
}

TYPED_TEST_P(OpClaims, RejectsBadShapes) {
  ASSERT_FALSE(TypeParam::refusals().empty());
  for (const Refusal& refusal : TypeParam::refusals()) {
    expect_refused<float>(refusal, refusal.record_f32);
    expect_refused<double>(refusal, refusal.record_f64);
  }
}

REGISTER_TYPED_TEST_SUITE_P(OpClaims, ForwardMatchesReference, GradientMatchesFiniteDifference,
                            PerSampleMatchesBatchOfOne, PerSampleSumsToBatch, RejectsBadShapes);

// Sample shapes for ops that take any: no axis, one element, parts of a register, several axes.
inline std::vector<Shape> any_sample() {
  return {{}, {1}, {3}, {17}, {33}, {2, 3}, {3, 1, 5}, {2, 3, 2, 2}};
}

// The values of an op on one input.
template <class Real, class Record>
std::vector<Real> values_of(const std::vector<Real>& x, const Shape& shape, const Record& record) {
  const ParameterSet<Real> none;
  Tape<Real> tape(none);
  const std::span<const Real> y = tape.value(record(tape, tape.input(x, shape)));
  return {y.begin(), y.end()};
}

// The derivative of an op [B] -> [B] at one number.
template <class Real, class Record>
Real slope_at(Real x, const Record& record) {
  const ParameterSet<Real> none;
  Tape<Real> tape(none);
  const Value input = tape.variable({&x, 1}, {1});
  tape.backward(record(tape, input), nullptr);
  return tape.adjoint(input)[0];
}

// One case for each shape.
template <class Make>
std::vector<GradcheckCase> over(const std::vector<Shape>& shapes, const Make& make) {
  std::vector<GradcheckCase> cases;
  for (const Shape& shape : shapes) {
    cases.push_back(make(shape));
    cases.back().name += " of " + shape.to_string();
  }
  return cases;
}

}  // namespace gradvar::testing
