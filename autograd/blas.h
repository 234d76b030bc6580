// blas: matrix products, and the only file that calls OpenBLAS.
//
// Everything here runs on the calling thread: parallelism belongs to lanes (lanes.h), and one
// product split over threads is slower than two products side by side.
#pragma once

#include <cstdint>
#include <string>

namespace gradvar::blas {

enum class Transpose : bool { kNo = false, kYes = true };

// Row-major. C [m,n] = alpha op(A) op(B) + beta C, where op(A) is [m,k] and op(B) is [k,n]. Leading
// dimensions are those of the stored matrices. beta = 0 never reads C.
// Error: |computed - exact| <= about k eps |op(A)| |op(B)| entrywise, eps the unit roundoff.
template <class Real>
void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
          std::int64_t k, Real alpha, const Real* a, std::int64_t lda, const Real* b,
          std::int64_t ldb, Real beta, Real* c, std::int64_t ldc);

// sum_i x_i y_i.
template <class Real>
[[nodiscard]] Real dot(std::int64_t n, const Real* x, const Real* y);

// Symmetric A [n,n] = V diag(w) V^T. On return `a` holds the eigenvectors as rows, `w` [n] the
// eigenvalues, ascending. Throws std::runtime_error when LAPACK does not converge.
void symmetric_eigen(std::int64_t n, double* a, double* w);

// LU factors of A [n,n] with row pivoting, in place; pivots [n]. Nothing is refused: a singular A
// shows in lu_inverse_norm.
void lu_factor(std::int64_t n, double* a, int* pivots);
// Solves A x = b, or A^T x = b, for every row b of `rows` [count,n], in place, from A's factors.
// REQUIRES: lu_inverse_norm is finite.
void lu_solve(Transpose transpose, std::int64_t n, std::int64_t count, const double* lu,
              const int* pivots, double* rows);
// The largest row sum of |A^-1|, estimated from A's factors (LAPACK's gecon: a lower bound that is
// rarely off by more than a factor of 3); infinite when A is singular.
[[nodiscard]] double lu_inverse_norm(std::int64_t n, const double* lu);

// The eigenvalues re + i im of a real A [n,n], in no order. Destroys `a`. Throws std::runtime_error
// when LAPACK does not converge.
void eigenvalues(std::int64_t n, double* a, double* re, double* im);

// Which kernels OpenBLAS chose for this processor, for instance "Haswell" or "SkylakeX".
[[nodiscard]] std::string core_name();
// "OpenBLAS 0.3.21 ...", for reports.
[[nodiscard]] std::string version();

// Keep OpenBLAS to the calling thread. Called by every LanePool; idempotent.
void use_one_thread();

}  // namespace gradvar::blas
