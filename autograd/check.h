// check: the sentences an operation says when its input does not fit.
//
// Every error names the op in brackets, what was found and what was expected:
//   [dense] x is 64x10, W is 32x12: the columns of x and W must agree
// Checks stand at the boundary, where an op is recorded; kernels only assert. A step of a small
// network takes a tenth of a millisecond, so a sentence that must be put together is given as a
// function and put together only when it is needed.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "autograd/shape.h"

namespace gradvar {

// Throws std::invalid_argument("[where] what").
[[noreturn]] void fail(std::string_view where, std::string_view what);

inline void check(bool holds, std::string_view where, std::string_view what) {
  if (!holds) [[unlikely]] {
    fail(where, what);
  }
}
template <std::invocable Sentence>
void check(bool holds, std::string_view where, const Sentence& what) {
  if (!holds) [[unlikely]] {
    fail(where, what());
  }
}

// Throws unless a == b: "[add] a is 4x3, b is 4x2: the shapes must agree".
void check_same_shape(std::string_view where, std::string_view name_a, const Shape& a,
                      std::string_view name_b, const Shape& b);
// Throws unless a and b have equally many rows, that is the same batch.
void check_same_batch(std::string_view where, std::string_view name_a, const Shape& a,
                      std::string_view name_b, const Shape& b);
// Throws unless the shape has at least `rank` axes.
void check_rank_at_least(std::string_view where, std::string_view name, const Shape& shape,
                         int rank);

}  // namespace gradvar
