// The wrappers' own contract: which matrix is which, strides, alpha and beta.

#include "autograd/blas.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "autograd/random.h"

namespace gradvar::blas::blas_test {
namespace {

template <class Real>
std::vector<Real> noise(std::uint64_t which, std::int64_t size) {
  std::vector<Real> values(size);
  RandomStream(2, Purpose::kTest).normals<Real>(which, 0, values);
  return values;
}

template <class Real>
void check_gemm(std::int64_t m, std::int64_t n, std::int64_t k) {
  const double eps = std::numeric_limits<Real>::epsilon();
  for (const Transpose ta : {Transpose::kNo, Transpose::kYes}) {
    for (const Transpose tb : {Transpose::kNo, Transpose::kYes}) {
      const bool a_turned = ta == Transpose::kYes, b_turned = tb == Transpose::kYes;
      // Rows two elements longer than needed, so that a stride is not a width.
      const std::int64_t lda = (a_turned ? m : k) + 2, ldb = (b_turned ? k : n) + 2, ldc = n + 2;
      const std::vector<Real> a = noise<Real>(1, (a_turned ? k : m) * lda);
      const std::vector<Real> b = noise<Real>(2, (b_turned ? n : k) * ldb);
      const std::vector<Real> before = noise<Real>(3, m * ldc);
      std::vector<Real> c = before;
      gemm<Real>(ta, tb, m, n, k, Real(0.5), a.data(), lda, b.data(), ldb, Real(-2), c.data(), ldc);
      for (std::int64_t i = 0; i < m; ++i) {
        for (std::int64_t j = 0; j < ldc; ++j) {
          double sum = 0, size = 0;
          for (std::int64_t t = 0; t < k && j < n; ++t) {
            const double product = static_cast<double>(a_turned ? a[t * lda + i] : a[i * lda + t]) *
                                   static_cast<double>(b_turned ? b[j * ldb + t] : b[t * ldb + j]);
            sum += product;
            size += std::abs(product);
          }
          const double old = before[i * ldc + j];
          const double expected = j < n ? 0.5 * sum - 2 * old : old;
          EXPECT_NEAR(c[i * ldc + j], expected, (k + 4) * eps * (size + 2 * std::abs(old)));
        }
      }
    }
  }
}

TEST(Gemm, MatchesTheTripleLoopWithEveryTranspose) {
  for (const std::int64_t k : {1, 3, 17}) {
    check_gemm<double>(1, 1, k);
    check_gemm<double>(5, 33, k);
    check_gemm<float>(1, 17, k);
    check_gemm<float>(7, 3, k);
  }
}

TEST(Gemm, WithBetaZeroNeverReadsTheResult) {
  const std::vector<double> a = {1, 2}, b = {3, 4};
  std::vector<double> c = {std::nan("")};
  gemm<double>(Transpose::kNo, Transpose::kNo, 1, 1, 2, 1, a.data(), 2, b.data(), 1, 0, c.data(),
               1);
  EXPECT_EQ(c[0], 11.0);
}

TEST(Dot, SumsProducts) {
  const std::vector<float> x = {1, 2, 3}, y = {4, -5, 6};
  EXPECT_EQ(dot<float>(3, x.data(), y.data()), 12.0F);
  EXPECT_EQ(dot<float>(0, x.data(), y.data()), 0.0F);
  const std::vector<double> wide(x.begin(), x.end());
  EXPECT_EQ(dot<double>(3, wide.data(), wide.data()), 14.0);
}

TEST(SymmetricEigen, GivesEigenvectorsAsRowsAndEigenvaluesInOrder) {
  constexpr std::int64_t n = 6;
  const std::vector<double> draws = noise<double>(4, n * n);
  std::vector<double> a(n * n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < n; ++j) a[i * n + j] = draws[i * n + j] + draws[j * n + i];
  }
  std::vector<double> v = a, w(n);
  symmetric_eigen(n, v.data(), w.data());
  EXPECT_TRUE(std::is_sorted(w.begin(), w.end()));
  for (std::int64_t k = 0; k < n; ++k) {
    for (std::int64_t i = 0; i < n; ++i) {
      double image = 0;
      for (std::int64_t j = 0; j < n; ++j) image += a[i * n + j] * v[k * n + j];
      EXPECT_NEAR(image, w[k] * v[k * n + i], 1e-13);
    }
    for (std::int64_t m = 0; m <= k; ++m) {
      EXPECT_NEAR(dot<double>(n, v.data() + k * n, v.data() + m * n), k == m ? 1 : 0, 1e-14);
    }
  }
}

TEST(SymmetricEigen, SaysSoWhenLapackGivesUp) {
  std::vector<double> a(9, std::nan("")), w(3);
  std::string sentence;
  try {
    symmetric_eigen(3, a.data(), w.data());
  } catch (const std::runtime_error& error) {
    sentence = error.what();
  }
  EXPECT_EQ(sentence.substr(0, 49), "[symmetric_eigen] LAPACK's dsyev did not converge");
}

TEST(Blas, KnowsWhichLibraryItCalls) {
  EXPECT_NE(version().find("OpenBLAS"), std::string::npos);
  EXPECT_FALSE(core_name().empty());
}

}  // namespace
}  // namespace gradvar::blas::blas_test
