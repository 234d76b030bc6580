#include "autograd/tensor.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <type_traits>
#include <vector>

#include "tests/autograd/refusal_of.h"

namespace gradvar::tensor_test {
namespace {

using testing::refusal_of;

Tensor<double> counted(const Shape& shape) {
  Tensor<double> tensor(shape);
  for (std::int64_t i = 0; i < tensor.size(); ++i) tensor[i] = static_cast<double>(i);
  return tensor;
}

TEST(Tensor, StartsAsZerosOnACacheLine) {
  for (const std::int64_t size : {0, 1, 3, 16, 17, 1000}) {
    const Tensor<float> tensor(Shape{size});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(tensor.data()) % kAlignment, 0u);
    EXPECT_TRUE(std::ranges::all_of(tensor.values(), [](float x) { return x == 0; }));
    EXPECT_EQ(static_cast<std::int64_t>(tensor.values().size()), size);
  }
}

TEST(Tensor, DefaultsToNothing) {
  const Tensor<double> tensor;
  EXPECT_EQ(tensor.size(), 0);
  EXPECT_EQ(tensor.shape(), Shape{0});
  EXPECT_TRUE(tensor.values().empty());
}

TEST(Tensor, GivesRowsOfEverythingThatBelongsToASample) {
  Tensor<double> tensor = counted({3, 2, 2});
  EXPECT_EQ(tensor.rows(), 3);
  EXPECT_EQ(tensor.row_size(), 4);
  EXPECT_EQ(tensor.row(2)[0], 8.0);
  tensor.row(1)[3] = -1;
  EXPECT_EQ(tensor[7], -1.0);
}

TEST(Tensor, CopiesAreTheirOwn) {
  Tensor<double> original = counted({4});
  const Tensor<double> copy = original;
  Tensor<double> assigned;
  assigned = original;
  original[0] = 9;
  EXPECT_EQ(copy[0], 0.0);
  EXPECT_EQ(assigned[0], 0.0);
  EXPECT_EQ(assigned.shape(), Shape{4});
  const Tensor<double>& same = original;
  original = same;
  EXPECT_EQ(original[0], 9.0);
  EXPECT_EQ(original.size(), 4);
}

TEST(Tensor, AMovedFromTensorIsEmpty) {
  Tensor<double> original = counted({2, 2});
  const double* memory = original.data();
  Tensor<double> moved = std::move(original);
  EXPECT_EQ(moved.data(), memory);
  EXPECT_EQ(original.size(), 0);  // NOLINT: what is tested
  EXPECT_EQ(original.shape(), Shape{0});
  original = std::move(moved);
  EXPECT_EQ(original.data(), memory);
  EXPECT_EQ(original.shape(), (Shape{2, 2}));
  static_assert(std::is_nothrow_move_constructible_v<Tensor<float>>);
}

TEST(Tensor, TakesAnotherShapeOfTheSameSize) {
  Tensor<double> tensor = counted({2, 3});
  tensor.reshape({3, 2});
  EXPECT_EQ(tensor.row(1)[0], 2.0);
  EXPECT_EQ(refusal_of([&] {
              tensor.reshape({4, 2});
            }),
            "[tensor] 3x2 cannot be reshaped to 4x2: the sizes differ");
  EXPECT_EQ(tensor.shape(), (Shape{3, 2}));
}

TEST(Tensor, CopiesARangeOfRows) {
  const Tensor<double> middle = counted({4, 2}).rows_copy(1, 2);
  EXPECT_EQ(middle.shape(), (Shape{2, 2}));
  EXPECT_TRUE(std::ranges::equal(middle.values(), std::vector<double>{2, 3, 4, 5}));
  EXPECT_EQ(counted({4, 2}).rows_copy(4, 0).size(), 0);
}

TEST(Tensor, RefusesValuesThatDoNotFillItsShape) {
  const std::vector<float> five(5);
  EXPECT_EQ(refusal_of([&] {
              (void)Tensor<float>({2, 3}, five);
            }),
            "[tensor] 5 values given for the shape 2x3");
}

TEST(Tensor, ConvertsBetweenPrecisions) {
  Tensor<double> wide(Shape{2});
  wide[0] = 0.1;
  wide[1] = -2;
  const Tensor<float> narrow = convert<float>(wide);
  EXPECT_EQ(narrow[0], 0.1F);
  EXPECT_EQ(convert<double>(narrow)[1], -2.0);
}

}  // namespace
}  // namespace gradvar::tensor_test
