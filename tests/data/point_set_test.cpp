#include "data/point_set.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "io/atomic_file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "tests/data/sample_moments.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::point_set_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

Tensor<double> three_points() {
  const double values[] = {1, 2, 3, 4, 5, 6};
  return Tensor<double>(Shape{3, 2}, values);
}

void expect_three_points(const PointSet& set) {
  ASSERT_EQ(set.points()->shape(), (Shape{3, 2}));
  for (int i = 0; i < 6; ++i) EXPECT_EQ((*set.points())[i], i + 1);
  EXPECT_EQ(set.sample_shape(), Shape{2});
}

TEST(PointSet, DrawsWholePointsEquallyOftenWithReplacement) {
  const PointSet set(three_points(), "points");
  const Tensor<double> x = testing::many_samples(set);
  double hits[3] = {0, 0, 0};
  for (std::int64_t n = 0; n < x.rows(); ++n) {
    const int k = static_cast<int>(x[2 * n] - 1) / 2;
    ASSERT_EQ(x[2 * n], 2 * k + 1);
    ASSERT_EQ(x[2 * n + 1], 2 * k + 2);
    ++hits[k];
  }
  const double n = static_cast<double>(testing::kManySamples);
  for (const double count : hits) EXPECT_NEAR(count, n / 3, 5 * std::sqrt(n * 2 / 9));
}

TEST(PointSet, KeepsTheShapeOfASample) {
  EXPECT_EQ(PointSet(Tensor<double>(Shape{4, 3, 2, 2}), "images").sample_shape(), (Shape{3, 2, 2}));
}

TEST(PointSet, TakesAListOfNumbersForPointsOfOneCoordinate) {
  const PointSet set(Tensor<double>(Shape{5}), "list");
  EXPECT_EQ(set.points()->shape(), (Shape{5, 1}));
  EXPECT_EQ(set.sample_shape(), Shape{1});
}

TEST(PointSet, DrawsFromASinglePoint) {
  const double values[] = {7, 8};
  const PointSet set(Tensor<double>(Shape{1, 2}, values), "one");
  const Tensor<double> x = set.draw(RandomStream(0, Purpose::kTest), 0, 0, 3);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(x[i], values[i % 2]);
}

TEST(PointSet, ReadsEveryFormat) {
  const ScratchDirectory scratch;
  write_file(scratch / "a.csv", "x,y\n1,2\n3,4\n5,6\n");
  write_npy(scratch / "a.npy", three_points());
  SafetensorsWriter writer;
  writer.add("x1", three_points());
  writer.write(scratch / "one.safetensors");
  writer.add("x0", Tensor<float>(Shape{2, 2}));
  writer.write(scratch / "two.safetensors");

  const PointSet csv = PointSet::read(scratch / "a.csv");
  expect_three_points(csv);
  EXPECT_EQ(csv.spec(), "csv:" + (scratch / "a.csv"));
  const PointSet npy = PointSet::read(scratch / "a.npy");
  expect_three_points(npy);
  EXPECT_EQ(npy.spec(), "npy:" + (scratch / "a.npy"));
  const PointSet only = PointSet::read(scratch / "one.safetensors");
  expect_three_points(only);
  EXPECT_EQ(only.spec(), "safetensors:" + (scratch / "one.safetensors") + ",key=x1");
  expect_three_points(PointSet::read(scratch / "two.safetensors", "x1"));
}

TEST(PointSet, RefusesAFileItCannotChooseFrom) {
  const ScratchDirectory scratch;
  SafetensorsWriter writer;
  writer.write(scratch / "none.safetensors");
  writer.add("x0", three_points());
  writer.add("x1", three_points());
  writer.write(scratch / "two.safetensors");
  write_file(scratch / "a.csv", "1\n");
  const std::string none = scratch / "none.safetensors", two = scratch / "two.safetensors";
  EXPECT_EQ(error_of([&] { (void)PointSet::read(two); }),
            two +
                ": the file has 2 tensors, expected one, or ',key=NAME' behind the path with "
                "one of x0, x1");
  EXPECT_EQ(error_of([&] { (void)PointSet::read(none); }),
            none + ": the file has 0 tensors, expected one");
  EXPECT_EQ(error_of([&] { (void)PointSet::read(two, "x2"); }),
            two + ": there is no tensor 'x2'; the file has x0, x1");
  EXPECT_EQ(error_of([&] { (void)PointSet::read(scratch / "a.csv", "x"); }),
            (scratch / "a.csv") + ": key=x is given, but the file has one table only");
  EXPECT_EQ(error_of([] { (void)PointSet::read("points.txt"); }),
            "points.txt: the name ends in none of .csv, .npy and .safetensors");
}

TEST(PointSet, RefusesValuesThatAreNotFiniteWithTheirPlace) {
  const ScratchDirectory scratch;
  Tensor<double> points = three_points();
  points[3] = std::numeric_limits<double>::infinity();
  write_npy(scratch / "a.npy", points);
  EXPECT_EQ(error_of([&] { (void)PointSet::read(scratch / "a.npy"); }),
            (scratch / "a.npy") + ": row 2, column 2 is inf, expected a finite number");
  SafetensorsWriter writer;
  writer.add("x", points);
  writer.write(scratch / "a.safetensors");
  EXPECT_EQ(error_of([&] { (void)PointSet::read(scratch / "a.safetensors"); }),
            (scratch / "a.safetensors") +
                ": tensor 'x': row 2, column 2 is inf, expected a finite number");
  points[3] = -1e200;
  write_npy(scratch / "a.npy", points);
  EXPECT_EQ(error_of([&] { (void)PointSet::read(scratch / "a.npy"); }),
            (scratch / "a.npy") +
                ": row 2, column 2 is -1e+200, expected a finite number of at "
                "most 1e18, whose square fits f32");
}

TEST(PointSet, RefusesASetWithoutPoints) {
  for (const Shape& shape : {Shape{0, 2}, Shape{3, 0}, Shape{}, Shape{0}}) {
    EXPECT_EQ(error_of([&] { PointSet(Tensor<double>(shape), ""); }),
              "points: the points are " + shape.to_string() + ", expected at least one row");
  }
}

TEST(PointSet, AFileMayBeNamedWithItsTensor) {
  const auto parsed = [](const std::string& text) {
    const PointFile file = PointFile::parse(text);
    return file.path + "|" + file.key;
  };
  EXPECT_EQ(parsed("x.npy"), "x.npy|");
  EXPECT_EQ(parsed("a,b.csv"), "a,b.csv|");
  EXPECT_EQ(parsed("x.safetensors,key=x0"), "x.safetensors|x0");
  EXPECT_EQ(parsed("safetensors:x.safetensors,key=x0"), "x.safetensors|x0");
  EXPECT_EQ(parsed("csv:x.csv"), "x.csv|");
}

}  // namespace
}  // namespace gradvar::point_set_test
