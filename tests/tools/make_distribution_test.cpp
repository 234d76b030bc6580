#include <gtest/gtest.h>

#include "../io/error_of.h"
#include "../io/scratch_directory.h"
#include "io/atomic_file.h"
#include "io/npy.h"
#include "io/safetensors.h"
#include "tools/choices.h"

namespace gradvar::make_distribution_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

std::string spec_of(const std::string& text) { return make_distribution("--target", text)->spec(); }

std::string refusal(const std::string& text) {
  return error_of([&] { (void)make_distribution("--target", text); });
}

TEST(MakeDistribution, EverySpecMakesItselfAgain) {
  for (const char* text :
       {"gaussian", "gaussian:dim=3,mean=5", "gaussian:shape=3x4x4,scale=2", "mixture:components=3",
        "gaussian:mean=\"1,2,3\"", "gaussian:covariance=\"2,0.5,0.5,1\"", "eight-gaussians",
        "moons:noise=0.2", "checkerboard:side=1", "pinwheel:arms=3", "spiral:turns=2"}) {
    const std::string spec = spec_of(text);
    EXPECT_EQ(spec_of(spec), spec) << text;
  }
}

TEST(MakeDistribution, TheSizeFollowsFromListsWhereItIsNotGiven) {
  EXPECT_EQ(make_distribution("--source", "gaussian:mean=\"1,2,3\"")->sample_shape(), (Shape{3}));
  EXPECT_EQ(make_distribution("--source", "gaussian:covariance=\"1,0,0,1\"")->sample_shape(),
            (Shape{2}));
  EXPECT_EQ(make_distribution("--source", "gaussian:shape=3x4x4")->sample_shape(),
            (Shape{3, 4, 4}));
}

TEST(MakeDistribution, PointSetsAreReadFromThreeFormats) {
  const ScratchDirectory scratch;
  const Tensor<double> points(Shape{2, 2}, std::vector<double>{1, 2, 3, 4});
  write_file(scratch / "p.csv", "x,y\n1,2\n3,4\n");
  write_npy(scratch / "p.npy", points);
  SafetensorsWriter writer;
  writer.add("a", points);
  writer.add("b", points);
  writer.write(scratch / "p.safetensors");
  for (const std::string& spec : {"csv:" + scratch / "p.csv", "npy:" + scratch / "p.npy",
                                  "safetensors:" + scratch / "p.safetensors" + ",key=b"}) {
    const std::unique_ptr<Distribution> set = make_distribution("--target", spec);
    ASSERT_NE(set->points(), nullptr);
    EXPECT_EQ((*set->points())[3], 4) << spec;
    EXPECT_EQ(set->spec(), spec);
  }
}

TEST(MakeDistribution, ABadRowIsNamedByFileLineAndColumn) {
  const ScratchDirectory scratch;
  const std::string path = scratch / "p.csv";
  write_file(path, "x,y\n1,2\n3,abc\n");
  EXPECT_EQ(refusal("csv:" + path),
            "--target: " + path + ":3: column 2 is 'abc', expected a number");
}

TEST(MakeDistribution, ErrorsBeginWithTheOption) {
  EXPECT_EQ(refusal("blob"),
            "--target: [spec] the name 'blob' is unknown, expected one of gaussian, mixture, "
            "student-t, eight-gaussians, moons, checkerboard, pinwheel, spiral, faces, csv, npy, "
            "safetensors, cifar10, mnist, images, celeba");
  EXPECT_EQ(refusal("gaussian:sigma=2"),
            "--target: [gaussian] unknown key 'sigma', expected only keys of: dim, shape, mean, "
            "covariance, scale");
  EXPECT_EQ(refusal("gaussian:dim=0"), "--target: [gaussian] dim is 0, expected 1 or more");
  EXPECT_EQ(refusal("gaussian:shape=3xx2"),
            "--target: [gaussian] shape is '3xx2', expected sizes like 3x32x32");
  EXPECT_EQ(refusal("gaussian:shape=1e300"),
            "--target: [gaussian] shape is '1e300', expected sizes like 3x32x32");
  EXPECT_EQ(refusal("gaussian:shape=3x1000000000x1000000000x1000000000"),
            "--target: [gaussian] shape is '3x1000000000x1000000000x1000000000', expected at most "
            "4294967295 coordinates");
  EXPECT_EQ(refusal("gaussian:mean=a"),
            "--target: [gaussian] mean is 'a', expected a number, a quoted list or a .npy or .csv "
            "file");
  EXPECT_EQ(refusal("csv:points.txt"),
            "--target: [csv] the path 'points.txt' does not end in .csv");
  EXPECT_EQ(refusal("csv"), "--target: [csv] expected csv:PATH");
  EXPECT_EQ(refusal("csv:none.csv"), "--target: cannot read 'none.csv': No such file or directory");
  EXPECT_EQ(refusal("mixture:dim=2,components=1000000000000").substr(0, 72),
            "--target: [mixture] 1000000000000 centres in 2 dimensions take 16 TB, th");
}

}  // namespace
}  // namespace gradvar::make_distribution_test
