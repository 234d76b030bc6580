// Couplings: partners, and what each asks for.

#include "flow/coupling.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "tests/flow/gaussian_cases.h"

namespace gradvar::coupling_test {
namespace {

using testing::column;
using testing::expect_near;
using testing::identity;
using testing::normal_rows;
using testing::sentence;

const RandomStream kStream(1, Purpose::kPairing);

TEST(Coupling, IndependentPartnersAreTheTargetsAsDrawn) {
  const IndependentCoupling coupling;
  const Tensor<double> x0 = normal_rows(1, 5, 2), x1 = normal_rows(2, 5, 2);
  expect_near(coupling.partners(x0, x1, kStream), x1, 0);
  EXPECT_EQ(coupling.spec(), "independent");
  EXPECT_TRUE(coupling.uses_targets());
  EXPECT_TRUE(coupling.row_by_row());
  EXPECT_EQ(coupling.map(), nullptr);
}

TEST(Coupling, APermutationUsesEveryTargetOnceInAnOrderOfItsStream) {
  const PermutationCoupling coupling;
  std::vector<double> values(100);
  for (int i = 0; i < 100; ++i) values[i] = i;
  const Tensor<double> targets = column(values);
  const Tensor<double> partners = coupling.partners(targets, targets, kStream);
  EXPECT_NE(std::vector<double>(partners.values().begin(), partners.values().end()), values);
  expect_near(coupling.partners(targets, targets, kStream), partners, 0);
  const Tensor<double> other =
      coupling.partners(targets, targets, RandomStream(2, Purpose::kPairing));
  EXPECT_FALSE(std::equal(other.values().begin(), other.values().end(), partners.data()));
  std::vector<double> sorted(partners.values().begin(), partners.values().end());
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, values);
  EXPECT_EQ(coupling.spec(), "permutation");
  EXPECT_FALSE(coupling.row_by_row());
}

TEST(Coupling, AMapNeedsNoTargetsAndTakesEveryRowAlone) {
  const MapCoupling coupling({identity(2, -1), Tensor<double>(Shape{2})}, "rotation:angle=180");
  const Tensor<double> x0 = normal_rows(1, 4, 2);
  const Tensor<double> partners = coupling.partners(x0, Tensor<double>(), kStream);
  for (std::int64_t i = 0; i < x0.size(); ++i) EXPECT_EQ(partners[i], -x0[i]);
  expect_near(coupling.partners(x0.rows_copy(2, 1), {}, kStream), partners.rows_copy(2, 1), 0);
  EXPECT_EQ(coupling.spec(), "rotation:angle=180");
  EXPECT_FALSE(coupling.uses_targets());
  EXPECT_TRUE(coupling.row_by_row());
  EXPECT_EQ(coupling.map()->dim(), 2);
}

// In the means and covariances of many partners, within a few standard errors (1 / sqrt(20000)).
TEST(Coupling, AMapsPartnersHaveTheLawOfTheTarget) {
  const std::int64_t n = 20000, d = 3;
  const GaussianMoments to = testing::random_gaussian(2, d);
  const MapCoupling coupling(
      rotated_map(testing::standard_gaussian(d), to, rotation_matrix(d, 120, 1)), "rotation");
  const Tensor<double> x1 = coupling.partners(normal_rows(1, n, d), {}, kStream);
  for (std::int64_t i = 0; i < d; ++i) {
    double mean = 0;
    for (std::int64_t k = 0; k < n; ++k) mean += x1.row(k)[i] / n;
    EXPECT_NEAR(mean, to.mean[i], 0.06);
    for (std::int64_t j = 0; j < d; ++j) {
      double covariance = 0;
      for (std::int64_t k = 0; k < n; ++k) {
        covariance += (x1.row(k)[i] - to.mean[i]) * (x1.row(k)[j] - to.mean[j]) / n;
      }
      EXPECT_NEAR(covariance, to.covariance.row(i)[j], 0.1);
    }
  }
}

TEST(Coupling, RefusesTargetsAndMapsThatDoNotFit) {
  const Tensor<double> two = normal_rows(1, 2, 1), three = normal_rows(1, 3, 1);
  EXPECT_EQ(sentence([&] { (void)IndependentCoupling().partners(two, three, kStream); }),
            "[independent] the source set is 2x1, the target set is 3x1: the shapes must agree");
  EXPECT_EQ(sentence([&] { (void)PermutationCoupling().partners(two, three, kStream); }),
            "[permutation] the source set is 2x1, the target set is 3x1: the shapes must agree");
  EXPECT_EQ(sentence([] {
              MapCoupling({identity(2), Tensor<double>(Shape{3})}, "");
            }),
            "[affine] the matrix is 2x2, the offset has 3 entries: expected a square matrix of as "
            "many rows");
}

}  // namespace
}  // namespace gradvar::coupling_test
