#include "io/png.h"

#include <gtest/gtest.h>

#include "io/atomic_file.h"
#include "tests/io/error_of.h"
#include "tests/io/scratch_directory.h"

namespace gradvar::png_test {
namespace {

using testing::error_of;
using testing::ScratchDirectory;

// The width and height that a PNG's header gives.
std::pair<int, int> size_of(const std::string& bytes) {
  const auto number = [&](int at) {
    int value = 0;
    for (int i = 0; i < 4; ++i) value = 256 * value + static_cast<unsigned char>(bytes[at + i]);
    return value;
  };
  return {number(16), number(20)};
}

TEST(Png, HoldsAGridOfImagesWithLinesBetween) {
  const ScratchDirectory scratch;
  Tensor<double> images(Shape{5, 3 * 4});
  write_png(scratch.path() + "/grid.png", images, {.channels = 3, .columns = 3, .zoom = 2});
  const std::string bytes = read_file(scratch.path() + "/grid.png");
  EXPECT_TRUE(bytes.starts_with("\x89PNG\r\n"));
  EXPECT_EQ(size_of(bytes), std::make_pair(3 * 4 + 2, 2 * 4 + 1));
  write_png(scratch.path() + "/one.png", images.rows_copy(0, 1), {.channels = 3});
  EXPECT_EQ(size_of(read_file(scratch.path() + "/one.png")), std::make_pair(64, 64));
}

TEST(Png, DrawsWhatIsOutsideAsTheNearestEnd) {
  const ScratchDirectory scratch;
  Tensor<double> far(Shape{1, 4}), ends(Shape{1, 4});
  for (int i = 0; i < 4; ++i) {
    far[i] = i % 2 == 0 ? -7 : 3;
    ends[i] = i % 2 == 0 ? -1 : 1;
  }
  write_png(scratch.path() + "/far.png", far, {.channels = 1});
  write_png(scratch.path() + "/ends.png", ends, {.channels = 1});
  EXPECT_EQ(read_file(scratch.path() + "/far.png"), read_file(scratch.path() + "/ends.png"));
}

TEST(Png, RefusesWhatIsNoImage) {
  const ScratchDirectory scratch;
  const Tensor<double> points(Shape{2, 5});
  EXPECT_EQ(error_of([&] { write_png(scratch.path() + "/p.png", points, {.channels = 3}); }),
            "[png] 2 rows of 5 numbers, expected square images of 3 planes");
}

TEST(Png, AGridThatIsTooLargeIsRefusedBeforeItIsMade) {
  const auto refusal = [](std::int64_t count, std::int64_t numbers, const ImageGrid& grid) {
    return error_of([&] { check_grid(count, numbers, grid); });
  };
  EXPECT_EQ(refusal(64000, 3 * 64, {.channels = 3}),
            "[png] a grid of 519 x 519999 pixels, expected 268435456 or fewer in all");
  EXPECT_EQ(refusal(33000, 3 * 64, {.channels = 3}), "no error");
  EXPECT_EQ(refusal(std::int64_t{1} << 31, 784, {.channels = 1}),
            "[png] a grid of 455 x 15300820991 pixels, expected 268435456 or fewer in all");
  // Exactly as many as are allowed, and a column of pixels more.
  EXPECT_EQ(refusal(1, 4096 * 4096, {.channels = 1, .zoom = 4}), "no error");
  EXPECT_EQ(refusal(2, 4096 * 4096, {.channels = 1, .zoom = 4}),
            "[png] a grid of 32769 x 16384 pixels, expected 268435456 or fewer in all");
  EXPECT_EQ(refusal(2, 5, {.channels = 3}),
            "[png] 2 rows of 5 numbers, expected square images of 3 planes");
}

TEST(Png, TellsTheSizeOfARow) {
  EXPECT_EQ(square_image(784).channels, 1);
  EXPECT_EQ(square_image(784).size, 28);
  EXPECT_EQ(square_image(3072).channels, 3);
  EXPECT_EQ(square_image(3072).size, 32);
  EXPECT_EQ(square_image(5).size, 0);
  EXPECT_EQ(square_image(0).size, 0);
}

}  // namespace
}  // namespace gradvar::png_test
