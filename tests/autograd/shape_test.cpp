#include "autograd/shape.h"

#include <gtest/gtest.h>

#include "autograd/check.h"
#include "tests/autograd/refusal_of.h"

namespace gradvar::shape_test {
namespace {

using testing::refusal_of;

TEST(Shape, SeesABatchOfRows) {
  const Shape shape{4, 2, 3};
  EXPECT_EQ(shape.rank(), 3);
  EXPECT_EQ(shape.size(), 24);
  EXPECT_EQ(shape.rows(), 4);
  EXPECT_EQ(shape.row_size(), 6);
  EXPECT_EQ(shape.columns(), 3);
  EXPECT_EQ(shape[1], 2);
  EXPECT_EQ(shape.to_string(), "4x2x3");
}

TEST(Shape, OfRankZeroIsOneNumber) {
  const Shape shape;
  EXPECT_EQ(shape.rank(), 0);
  EXPECT_EQ(shape.size(), 1);
  EXPECT_EQ(shape.rows(), 1);
  EXPECT_EQ(shape.row_size(), 1);
  EXPECT_EQ(shape.columns(), 1);
  EXPECT_EQ(shape.to_string(), "scalar");
}

TEST(Shape, MayBeEmptyAlongAnAxis) {
  EXPECT_EQ((Shape{0, 3}.size()), 0);
  EXPECT_EQ((Shape{0, 3}.row_size()), 3);
  EXPECT_EQ((Shape{4, 0}.row_size()), 0);
}

TEST(Shape, ChangesOneAxisAtATime) {
  const Shape shape{4, 2, 3};
  EXPECT_EQ(shape.with_rows(7), (Shape{7, 2, 3}));
  EXPECT_EQ(Shape().with_rows(7), (Shape{7}));
  EXPECT_EQ(shape.with_columns(7), (Shape{4, 2, 7}));
  EXPECT_EQ(shape.batched(7), (Shape{7, 4, 2, 3}));
  EXPECT_EQ(Shape().batched(7), (Shape{7}));
  EXPECT_EQ(shape.sample(), (Shape{2, 3}));
  EXPECT_EQ(Shape{4}.sample(), Shape());
}

TEST(Shape, IsEqualToTheSameAxesOnly) {
  EXPECT_EQ((Shape{4, 2}), (Shape{4, 2}));
  EXPECT_FALSE((Shape{4, 2} == Shape{2, 4}));
  EXPECT_FALSE((Shape{4, 1} == Shape{4}));
  EXPECT_FALSE((Shape{1} == Shape{}));
}

TEST(Shape, RefusesNegativeAndTooManyAxes) {
  EXPECT_EQ(refusal_of([] { (void)Shape({4, -1}); }), "[shape] axis 1 is -1, expected 0 or more");
  EXPECT_EQ(refusal_of([] {
              (void)Shape({1, 1, 1, 1, 1, 1, 1});
            }),
            "[shape] 7 axes given, at most 6 expected");
  EXPECT_EQ(refusal_of([] {
              (void)Shape({1, 1, 1, 1, 1, 1}).batched(2);
            }),
            "[shape] 7 axes given, at most 6 expected");
}

TEST(Check, NamesTheOpAndBothShapes) {
  EXPECT_EQ(refusal_of([] { fail("op", "what"); }), "[op] what");
  EXPECT_EQ(refusal_of([] { check(true, "op", "what"); }), "nothing was refused");
  EXPECT_EQ(refusal_of([] {
              check_same_shape("op", "a", {4, 3}, "b", {4, 2});
            }),
            "[op] a is 4x3, b is 4x2: the shapes must agree");
  EXPECT_EQ(refusal_of([] {
              check_same_batch("op", "a", {4, 3}, "b", {5, 3});
            }),
            "[op] a is 4x3, b is 5x3: the first axis, the batch, must agree");
  EXPECT_EQ(refusal_of([] { check_same_batch("op", "a", {}, "b", {1}); }),
            "[op] a is scalar, b is 1: the first axis, the batch, must agree");
  EXPECT_EQ(refusal_of([] {
              check_same_batch("op", "a", {4, 3}, "b", {4});
            }),
            "nothing was refused");
  EXPECT_EQ(refusal_of([] { check_rank_at_least("op", "x", {4}, 2); }),
            "[op] x is 4, expected at least 2 axes");
}

}  // namespace
}  // namespace gradvar::shape_test
