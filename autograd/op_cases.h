// op_cases: each op of the catalogue as a GradcheckCase, with the plainest loop that computes it.
//
// The tests run them over many shapes (tests/autograd/<op>_test.cpp), `gradvar verify` one or two
// of each. Shapes are those of one sample; a trailing axis of 1, 3, 17 or 33 is none, a part, or
// some and a part of a vector register.
#pragma once

#include <string>
#include <vector>

#include "autograd/gradcheck.h"

namespace gradvar {

// ---- with parameters
// Any number of axes before the last are positions: {5, 3} to {5, out}.
[[nodiscard]] GradcheckCase dense_case(const Shape& sample, std::int64_t out);
[[nodiscard]] GradcheckCase shift_case(const Shape& sample);
[[nodiscard]] GradcheckCase gain_case(const Shape& sample);
[[nodiscard]] GradcheckCase affine_gaussian_case(std::int64_t dim);

// ---- element by element
[[nodiscard]] GradcheckCase add_case(const Shape& sample);
[[nodiscard]] GradcheckCase sub_case(const Shape& sample);
[[nodiscard]] GradcheckCase mul_case(const Shape& sample);
[[nodiscard]] GradcheckCase scale_case(const Shape& sample, double c);
[[nodiscard]] GradcheckCase silu_case(const Shape& sample);
[[nodiscard]] GradcheckCase selu_case(const Shape& sample);
[[nodiscard]] GradcheckCase relu_case(const Shape& sample);
[[nodiscard]] GradcheckCase tanh_case(const Shape& sample);
[[nodiscard]] GradcheckCase gelu_case(const Shape& sample);

// ---- shapes
[[nodiscard]] GradcheckCase concat_case(const std::vector<Shape>& samples);
[[nodiscard]] GradcheckCase slice_case(const Shape& sample, std::int64_t begin, std::int64_t end);
[[nodiscard]] GradcheckCase reshape_case(const Shape& from, const Shape& to);

// ---- images and tokens, op_cases_images.cpp; the last axis is the channels
[[nodiscard]] GradcheckCase conv2d_case(const Shape& image, std::int64_t out, std::int64_t kernel,
                                        std::int64_t stride);
[[nodiscard]] GradcheckCase group_norm_case(const Shape& sample, std::int64_t groups);
[[nodiscard]] GradcheckCase layer_norm_case(const Shape& sample);
[[nodiscard]] GradcheckCase attention_case(std::int64_t positions, std::int64_t channels,
                                           std::int64_t heads);
[[nodiscard]] GradcheckCase upsample_nearest_case(const Shape& image);
[[nodiscard]] GradcheckCase average_pool_case(const Shape& image);
[[nodiscard]] GradcheckCase add_per_channel_case(const Shape& sample);
[[nodiscard]] GradcheckCase scale_shift_case(const Shape& sample);
[[nodiscard]] GradcheckCase channels_last_case(const Shape& planes);
[[nodiscard]] GradcheckCase channels_first_case(const Shape& image);
// The number of a sample, by which its draws are told, comes from a second input.
[[nodiscard]] GradcheckCase dropout_case(const Shape& sample, double rate);

// ---- over a sample's own axes, losses, time
[[nodiscard]] GradcheckCase sum_case(const Shape& sample);
[[nodiscard]] GradcheckCase mean_case(const Shape& sample);
[[nodiscard]] GradcheckCase squared_error_case(const Shape& sample);
[[nodiscard]] GradcheckCase time_embedding_case(std::int64_t dim, double scale);

// One or two of every op for images.
[[nodiscard]] std::vector<GradcheckCase> image_op_cases();
// One or two of every op: what `gradvar verify` runs.
[[nodiscard]] std::vector<GradcheckCase> op_cases();

}  // namespace gradvar
