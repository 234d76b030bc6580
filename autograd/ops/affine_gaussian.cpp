// affine_gaussian: v = th + Th (I + t Th)^-1 (x - t th)
//
//   the affine field of Lemma 1 of Reu et al. (2025), with A = I + t Th, z = A^-1 (x - t th)
//
//   x, v [B,d]  t [B,1]  th [d]  Th [d,d]        v = th + Th z
//   saves       z, and A's LU factors            once for each run of rows with one t
//   backward    a = A^-T dv                      dx += Th^T a    dt_n -= v_n . (Th^T a_n)
//   per sample  dth_n = a_n                      rows
//               dTh_n = a_n (x) z_n              factors (a, z), T = 1
// REQUIRES: A is not singular at any row's time. Rows never mix.
// The factors are this short because th and Th stand in v twice each and the two sides join:
// I - t Th A^-1 = A^-1.
// Trap: near a singular time A is the small difference of I and -t Th, and has lost its digits even
// when it is well conditioned (half a turn: A = (1 - 2t) I). So what is bounded is
// (1 + |t| |Th|) |A^-1|, which counts both. Everything inside is f64, for f32 models too.

#include <algorithm>
#include <cmath>

#include "autograd/blas.h"
#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

// With 16 digits, v keeps 4 of them at this condition number, and none at 1e16.
constexpr double kMaxCondition = 1e12;

template <class Real>
class AffineGaussian final : public Op<Real> {
 public:
  AffineGaussian(Value x, Value t, ParameterId theta, ParameterId matrix)
      : x_(x), t_(t), theta_(theta), matrix_(matrix) {}
  [[nodiscard]] std::string_view name() const override { return "affine_gaussian"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t d = tape.shape(x_).columns(), batch = tape.batch();
    const Real* t = tape.value(t_).data();
    factors_ = tape.arena().template allocate<double>(runs(t, batch) * d * d);
    pivots_ = tape.arena().template allocate<int>(runs(t, batch) * d);
    solution_ = tape.arena().template allocate<double>(batch * d);
    z_ = tape.arena().template allocate<Real>(batch * d);
    const Real* x = tape.value(x_).data();
    const Real* theta = tape.parameters().values(theta_).data();
    for (std::int64_t i = 0; i < batch * d; ++i) {
      solution_[i] = double{x[i]} - double{t[i / d]} * double{theta[i % d]};
    }
    for_each_run(tape, [&](std::int64_t run, std::int64_t begin, std::int64_t count) {
      factorise(tape, run, begin);
      solve(blas::Transpose::kNo, run, d, count, solution_ + begin * d);
    });
    const Real* matrix = tape.parameters().values(matrix_).data();
    Real* v = tape.output(this->output).data();
    for (std::int64_t n = 0; n < batch; ++n) {
      const double* z = solution_ + n * d;
      for (std::int64_t i = 0; i < d; ++i) {
        double sum = theta[i];
        for (std::int64_t j = 0; j < d; ++j) sum += double{matrix[i * d + j]} * z[j];
        v[n * d + i] = static_cast<Real>(sum);
        z_[n * d + i] = static_cast<Real>(z[i]);
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const std::int64_t d = tape.shape(x_).columns(), batch = tape.batch();
    const Real* dv = tape.adjoint(this->output).data();
    double* a = solution_;  // z lives on in z_
    std::copy_n(dv, batch * d, a);
    for_each_run(tape, [&](std::int64_t run, std::int64_t begin, std::int64_t count) {
      solve(blas::Transpose::kYes, run, d, count, a + begin * d);
    });
    a_ = tape.arena().template allocate<Real>(batch * d);
    std::transform(a, a + batch * d, a_, [](double value) { return static_cast<Real>(value); });
    const bool wants_x = tape.wants_adjoint(x_), wants_t = tape.wants_adjoint(t_);
    if (!wants_x && !wants_t) return;
    const Real* matrix = tape.parameters().values(matrix_).data();
    const Real* v = tape.value(this->output).data();
    Real* dx = wants_x ? tape.adjoint(x_).data() : nullptr;
    Real* dt = wants_t ? tape.adjoint(t_).data() : nullptr;
    for (std::int64_t n = 0; n < batch; ++n) {
      for (std::int64_t j = 0; j < d; ++j) {
        double sum = 0;
        for (std::int64_t i = 0; i < d; ++i) sum += double{matrix[i * d + j]} * a[n * d + i];
        if (wants_x) dx[n * d + j] += static_cast<Real>(sum);
        if (wants_t) dt[n] -= static_cast<Real>(double{v[n * d + j]} * sum);
      }
    }
  }

  void per_sample(Tape<Real>&, FactorBook<Real>& book) override {
    book.rows(theta_, a_);
    book.outer(matrix_, a_, z_, 1);
  }

 private:
  // How many stretches of equal times there are.
  static std::int64_t runs(const Real* t, std::int64_t batch) {
    std::int64_t count = batch > 0 ? 1 : 0;
    for (std::int64_t n = 1; n < batch; ++n) count += t[n] != t[n - 1] ? 1 : 0;
    return count;
  }
  template <class Visit>
  void for_each_run(const Tape<Real>& tape, const Visit& visit) const {
    const Real* t = tape.value(t_).data();
    for (std::int64_t begin = 0, run = 0; begin < tape.batch(); ++run) {
      std::int64_t end = begin + 1;
      while (end < tape.batch() && t[end] == t[begin]) ++end;
      visit(run, begin, end - begin);
      begin = end;
    }
  }
  void solve(blas::Transpose transpose, std::int64_t run, std::int64_t d, std::int64_t count,
             double* rows) const {
    blas::lu_solve(transpose, d, count, factors_ + run * d * d, pivots_ + run * d, rows);
  }

  void factorise(const Tape<Real>& tape, std::int64_t run, std::int64_t sample) const {
    const std::int64_t d = tape.shape(x_).columns();
    const Real* matrix = tape.parameters().values(matrix_).data();
    const double t = tape.value(t_)[sample];
    double* a = factors_ + run * d * d;
    double norm = 0;  // |Th|, the largest row sum
    for (std::int64_t i = 0; i < d; ++i) {
      double row_sum = 0;
      for (std::int64_t j = 0; j < d; ++j) {
        a[i * d + j] = t * double{matrix[i * d + j]} + (i == j ? 1 : 0);
        row_sum += std::abs(double{matrix[i * d + j]});
      }
      norm = std::isnan(row_sum) ? row_sum : std::max(norm, row_sum);
    }
    const auto refuse_unless = [&](bool holds, const std::string& what) {
      check(holds, "affine_gaussian", [&] {
        return "sample " + std::to_string(sample) + ": I + t Theta " + what +
               " at t = " + std::to_string(t);
      });
    };
    const double size = 1 + std::abs(t) * norm;
    refuse_unless(std::isfinite(size), "is not finite");
    blas::lu_factor(d, a, pivots_ + run * d);
    const double condition = size * blas::lu_inverse_norm(d, a);
    refuse_unless(condition <= kMaxCondition, "is singular");
  }

  Value x_, t_;
  ParameterId theta_, matrix_;
  double* factors_ = nullptr;   // [runs,d,d]
  int* pivots_ = nullptr;       // [runs,d]
  double* solution_ = nullptr;  // [B,d]: z in f64, then a
  Real* z_ = nullptr;           // [B,d]
  Real* a_ = nullptr;           // [B,d]
};

}  // namespace

template <class Real>
Value affine_gaussian(Tape<Real>& tape, Value x, Value t, ParameterId theta, ParameterId matrix) {
  const Shape& xs = tape.shape(x);
  check(xs.rank() == 2 && xs[1] >= 1, "affine_gaussian",
        [&] { return "x is " + xs.to_string() + ", expected Bxd with d of 1 or more"; });
  const Shape row{xs[1]}, square{xs[1], xs[1]}, times{xs[0], 1};
  const auto expect = [](const char* name, const Shape& found, const Shape& expected) {
    check(found == expected, "affine_gaussian", [&] {
      return std::string(name) + " is " + found.to_string() + ", expected " + expected.to_string();
    });
  };
  expect("t", tape.shape(t), times);
  expect("theta", tape.parameters().info(theta).shape, row);
  expect("Theta", tape.parameters().info(matrix).shape, square);
  return tape.record(AffineGaussian<Real>(x, t, theta, matrix), xs, {x, t}, {theta, matrix});
}

template Value affine_gaussian(Tape<float>&, Value, Value, ParameterId, ParameterId);
template Value affine_gaussian(Tape<double>&, Value, Value, ParameterId, ParameterId);

}  // namespace gradvar
