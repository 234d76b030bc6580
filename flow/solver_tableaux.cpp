// The coefficients of every method. tests/flow/solver_tableau_test.cpp checks the order conditions.

#include <cassert>

#include "flow/solver_methods.h"

namespace gradvar {

namespace {

constexpr Tableau kEuler = {.stages = 1, .c = {}, .a = {}, .b = {1}};
constexpr Tableau kMidpoint = {.stages = 2, .c = {0, 0.5}, .a = {{{}, {0.5}}}, .b = {0, 1}};
constexpr Tableau kHeun = {.stages = 2, .c = {0, 1}, .a = {{{}, {1}}}, .b = {0.5, 0.5}};
constexpr Tableau kRk4 = {.stages = 4,
                          .c = {0, 0.5, 0.5, 1},
                          .a = {{{}, {0.5}, {0, 0.5}, {0, 0, 1}}},
                          .b = {1.0 / 6, 1.0 / 3, 1.0 / 3, 1.0 / 6}};

}  // namespace

const Tableau& fixed_tableau(SolverMethod method) {
  switch (method) {
    case SolverMethod::midpoint:
      return kMidpoint;
    case SolverMethod::heun:
      return kHeun;
    case SolverMethod::rk4:
      return kRk4;
    default:
      assert(method == SolverMethod::euler);
      return kEuler;
  }
}

namespace dormand_prince {

constinit const Tableau kTableau = {
    .stages = 7,
    .c = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1},
    .a = {{{},
           {1.0 / 5},
           {3.0 / 40, 9.0 / 40},
           {44.0 / 45, -56.0 / 15, 32.0 / 9},
           {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
           {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
           {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84}}},
    .b = {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84, 0}};

constinit const std::array<double, 7> kError = {
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40};

constinit const std::array<double, 7> kDense = {
    -12715105075.0 / 11282082432,  0,
    87487479700.0 / 32700410799,   -10690763975.0 / 1880347072,
    701980252875.0 / 199316789632, -1453857185.0 / 822651844,
    69997945.0 / 29380423};

}  // namespace dormand_prince

}  // namespace gradvar
