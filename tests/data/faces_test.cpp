#include "data/faces.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <set>
#include <string>
#include <vector>

#include "tests/io/error_of.h"

namespace gradvar::faces_test {
namespace {

using testing::error_of;

std::vector<double> drawn(const FaceParameters& face, std::int64_t size) {
  std::vector<double> image(3 * size * size);
  draw_face(face, size, image);
  return image;
}

double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
  return std::sqrt(sum / static_cast<double>(a.size()));
}

TEST(Faces, AreTheSameWhereverTheyAreDrawn) {
  const Faces faces({.count = 4, .size = 12, .seed = 3});
  const std::vector<double> third = drawn(face_parameters(3, 2), 12);
  EXPECT_TRUE(std::equal(third.begin(), third.end(), faces.points()->row(2).begin()));
  EXPECT_GT(distance(third, drawn(face_parameters(3, 1), 12)), 0.1);
  EXPECT_GT(distance(third, drawn(face_parameters(4, 2), 12)), 0.1);
}

TEST(Faces, AreImagesInTheUsualRange) {
  const Faces faces({.size = 16});
  EXPECT_EQ(faces.sample_shape(), (Shape{3, 16, 16}));
  EXPECT_EQ(faces.points(), nullptr);
  const Tensor<double> x = faces.draw(RandomStream(1, Purpose::kTest), 0, 0, 20);
  for (const double value : x.values()) {
    ASSERT_GE(value, -1);
    ASSERT_LE(value, 1);
  }
}

// Every parameter matters, and none makes the picture jump.
TEST(Faces, ChangeContinuouslyWithEveryParameter) {
  FaceParameters middle = face_parameters(1, 0);
  auto* numbers = reinterpret_cast<double*>(&middle);
  static_assert(sizeof(FaceParameters) == FaceParameters::kCount * sizeof(double));
  std::fill_n(numbers, FaceParameters::kCount, 0.6);  // a mouth a little open, off the middle
  const std::vector<double> image = drawn(middle, 32);
  for (int k = 0; k < FaceParameters::kCount; ++k) {
    const double kept = numbers[k];
    numbers[k] = kept + 1e-4;
    EXPECT_LT(distance(image, drawn(middle, 32)), 2e-3) << k;
    numbers[k] = 0.1;
    EXPECT_GT(distance(image, drawn(middle, 32)), 1e-4) << k;
    numbers[k] = kept;
  }
}

TEST(Faces, NamesEveryParameterOnceInTheOrderOfTheStruct) {
  FaceParameters face = face_parameters(1, 0);
  const auto* numbers = reinterpret_cast<const double*>(&face);
  std::set<std::string> names;
  int k = 0;
  for (const FaceParameter& parameter : face_parameter_names()) {
    EXPECT_EQ(&(face.*parameter.value), numbers + k++) << parameter.name;
    names.insert(parameter.name);
  }
  EXPECT_EQ(names.size(), std::size_t{FaceParameters::kCount});
  EXPECT_STREQ(face_parameter_names()[0].name, "skin");
  EXPECT_STREQ(face_parameter_names()[17].name, "smile");
  EXPECT_STREQ(face_parameter_names()[33].name, "clothes_shade");
}

TEST(Faces, TellsWhichFaceADrawIs) {
  const RandomStream stream(5, Purpose::kTest);
  for (const std::int64_t count : {0, 3}) {
    const Faces faces({.count = count, .size = 8, .seed = 2});
    const Tensor<double> x = faces.draw(stream, 1, 0, 4);
    for (std::uint32_t n = 0; n < 4; ++n) {
      const FaceParameters face = face_parameters(2, faces.index_of_draw(stream, 1, n));
      const std::vector<double> image = drawn(face, 8);
      EXPECT_TRUE(std::equal(image.begin(), image.end(), x.row(n).begin())) << count << ' ' << n;
    }
  }
}

TEST(Faces, LookAlikeAtEverySize) {
  const FaceParameters face = face_parameters(1, 5);
  const std::vector<double> large = drawn(face, 64), small = drawn(face, 32);
  double sum = 0;
  for (int c = 0; c < 3; ++c) {
    for (int i = 0; i < 32; ++i) {
      for (int j = 0; j < 32; ++j) {
        const double* corner = large.data() + c * 4096 + 2 * i * 64 + 2 * j;
        const double mean = (corner[0] + corner[1] + corner[64] + corner[65]) / 4;
        sum += std::abs(mean - small[c * 1024 + i * 32 + j]);
      }
    }
  }
  EXPECT_LT(sum / 3072, 0.03);
}

TEST(Faces, SaysHowToMakeThemAgainAndRefusesTheRest) {
  EXPECT_EQ(Faces({.count = 2, .size = 8, .seed = 7}).spec(), "faces:count=2,size=8,seed=7");
  EXPECT_EQ(error_of([] { (void)Faces({.count = -1}); }),
            "[faces] count is -1, expected 1 to 1000000, or 0 for a face for each 32-bit number");
  EXPECT_EQ(error_of([] { (void)Faces({.size = 4}); }),
            "[faces] size is 4, expected 8 to 512 pixels");
}

}  // namespace
}  // namespace gradvar::faces_test
