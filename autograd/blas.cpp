#include "autograd/blas.h"

#include <cblas.h>
#include <stdexcept>
#include <type_traits>
#include <vector>

extern "C" {
void dsyev_(const char* job, const char* triangle, const int* n, double* a, const int* lda,
            double* w, double* work, const int* work_size, int* info);
void dgetrf_(const int* m, const int* n, double* a, const int* lda, int* pivots, int* info);
void dgetrs_(const char* transpose, const int* n, const int* columns, const double* a,
             const int* lda, const int* pivots, double* b, const int* ldb, int* info);
void dgecon_(const char* norm, const int* n, const double* a, const int* lda, const double* a_norm,
             double* reciprocal, double* work, int* int_work, int* info);
void dgeev_(const char* left, const char* right, const int* n, double* a, const int* lda,
            double* re, double* im, double* vl, const int* ldvl, double* vr, const int* ldvr,
            double* work, const int* work_size, int* info);
}

namespace gradvar::blas {

template <class Real>
void gemm(Transpose transpose_a, Transpose transpose_b, std::int64_t m, std::int64_t n,
          std::int64_t k, Real alpha, const Real* a, std::int64_t lda, const Real* b,
          std::int64_t ldb, Real beta, Real* c, std::int64_t ldc) {
  const CBLAS_TRANSPOSE ta = transpose_a == Transpose::kYes ? CblasTrans : CblasNoTrans;
  const CBLAS_TRANSPOSE tb = transpose_b == Transpose::kYes ? CblasTrans : CblasNoTrans;
  const auto mi = static_cast<int>(m), ni = static_cast<int>(n), ki = static_cast<int>(k);
  const auto la = static_cast<int>(lda), lb = static_cast<int>(ldb), lc = static_cast<int>(ldc);
  if constexpr (std::is_same_v<Real, float>) {
    cblas_sgemm(CblasRowMajor, ta, tb, mi, ni, ki, alpha, a, la, b, lb, beta, c, lc);
  } else {
    cblas_dgemm(CblasRowMajor, ta, tb, mi, ni, ki, alpha, a, la, b, lb, beta, c, lc);
  }
}

template <class Real>
Real dot(std::int64_t n, const Real* x, const Real* y) {
  if constexpr (std::is_same_v<Real, float>) {
    return cblas_sdot(static_cast<int>(n), x, 1, y, 1);
  } else {
    return cblas_ddot(static_cast<int>(n), x, 1, y, 1);
  }
}

void symmetric_eigen(std::int64_t n, double* a, double* w) {
  const int size = static_cast<int>(n);
  int info = 0, query = -1;
  double best = 0;
  dsyev_("V", "U", &size, a, &size, w, &best, &query, &info);
  std::vector<double> work(static_cast<std::size_t>(best));
  const int work_size = static_cast<int>(work.size());
  dsyev_("V", "U", &size, a, &size, w, work.data(), &work_size, &info);
  if (info != 0) {
    throw std::runtime_error("[symmetric_eigen] LAPACK's dsyev did not converge (info " +
                             std::to_string(info) + ")");
  }
}

// LAPACK reads our rows as columns, and so factors A^T: every transpose below is the other one.
void lu_factor(std::int64_t n, double* a, int* pivots) {
  const int size = static_cast<int>(n);
  int info = 0;
  dgetrf_(&size, &size, a, &size, pivots, &info);
}

void lu_solve(Transpose transpose, std::int64_t n, std::int64_t count, const double* lu,
              const int* pivots, double* rows) {
  const int size = static_cast<int>(n), columns = static_cast<int>(count);
  int info = 0;
  dgetrs_(transpose == Transpose::kYes ? "N" : "T", &size, &columns, lu, &size, pivots, rows, &size,
          &info);
}

double lu_inverse_norm(std::int64_t n, const double* lu) {
  const int size = static_cast<int>(n);
  const double one = 1;
  double reciprocal = 0;
  int info = 0;
  std::vector<double> work(4 * n);
  std::vector<int> int_work(n);
  dgecon_("1", &size, lu, &size, &one, &reciprocal, work.data(), int_work.data(), &info);
  return 1 / reciprocal;
}

void eigenvalues(std::int64_t n, double* a, double* re, double* im) {
  const int size = static_cast<int>(n), one = 1;
  int info = 0, query = -1;
  double best = 0;
  dgeev_("N", "N", &size, a, &size, re, im, nullptr, &one, nullptr, &one, &best, &query, &info);
  std::vector<double> work(static_cast<std::size_t>(best));
  const int work_size = static_cast<int>(work.size());
  dgeev_("N", "N", &size, a, &size, re, im, nullptr, &one, nullptr, &one, work.data(), &work_size,
         &info);
  if (info != 0) {
    throw std::runtime_error("[eigenvalues] LAPACK's dgeev did not converge (info " +
                             std::to_string(info) + ")");
  }
}

std::string core_name() { return openblas_get_corename(); }

std::string version() { return openblas_get_config(); }

void use_one_thread() { openblas_set_num_threads(1); }

template void gemm(Transpose, Transpose, std::int64_t, std::int64_t, std::int64_t, float,
                   const float*, std::int64_t, const float*, std::int64_t, float, float*,
                   std::int64_t);
template void gemm(Transpose, Transpose, std::int64_t, std::int64_t, std::int64_t, double,
                   const double*, std::int64_t, const double*, std::int64_t, double, double*,
                   std::int64_t);
template float dot(std::int64_t, const float*, const float*);
template double dot(std::int64_t, const double*, const double*);

}  // namespace gradvar::blas
