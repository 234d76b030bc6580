#include "autograd/convolution.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <vector>

#include "autograd/random.h"

namespace gradvar::convolution_test {
namespace {

template <class Real>
class Convolution : public ::testing::Test {};
using Reals = ::testing::Types<float, double>;
TYPED_TEST_SUITE(Convolution, Reals);

template <class Real>
std::vector<Real> noise(std::int64_t count, std::uint64_t id) {
  std::vector<Real> numbers(count);
  RandomStream(6, Purpose::kTest).normals<Real>(id, 0, numbers);
  return numbers;
}

// g++ makes one fused operation of each product and sum in both widths. clang may do so in one of
// them only, and then the widths agree within their bounds alone.
#if defined(__clang__)
constexpr bool kFusedAlike = false;
#else
constexpr bool kFusedAlike = true;
#endif

// What this processor has.
std::vector<VectorWidth> widths() {
  std::vector<VectorWidth> list{VectorWidth::kNarrow};
  if (widest_vectors() == VectorWidth::kWide) list.push_back(VectorWidth::kWide);
  return list;
}

// Whole and broken panels, blocks of positions and vectors of a window's row.
struct Layer {
  PatchGrid grid;
  std::int64_t out_channels;
};
std::vector<Layer> layers() {
  std::vector<Layer> list;
  for (const std::int64_t channels : {1, 3, 8, 11, 16}) {
    for (const std::int64_t out : {1, 4, 16, 21, 32, 40}) {
      for (const std::int64_t stride : {1, 2}) {
        list.push_back(
            {{.height = 5, .width = 7, .channels = channels, .kernel = 3, .stride = stride}, out});
      }
    }
  }
  list.push_back({{.height = 5, .width = 7, .channels = 2, .kernel = 5, .stride = 1}, 3});
  list.push_back({{.height = 5, .width = 7, .channels = 2, .kernel = 5, .stride = 2}, 3});
  list.push_back({{.height = 1, .width = 1, .channels = 2, .kernel = 5, .stride = 3}, 2});
  list.push_back({{.height = 4, .width = 6, .channels = 32, .kernel = 1, .stride = 2}, 33});
  list.push_back({{.height = 3, .width = 300, .channels = 9, .kernel = 3, .stride = 1}, 5});
  return list;
}

// A sum and that of its terms' sizes, for its error.
struct Sum {
  double value = 0, size = 0;
  void add(double term) {
    value += term;
    size += std::abs(term);
  }
};

template <class Real>
void expect_near(Real made, const Sum& expected, std::int64_t terms, const char* what) {
  const double eps = std::numeric_limits<Real>::epsilon();
  ASSERT_NEAR(made, expected.value, (static_cast<double>(terms) + 1) * eps * expected.size) << what;
}

// visit(position, element of the patch, pixel) for what lies inside the image.
template <class Visit>
void over_windows(const PatchGrid& g, const Visit& visit) {
  for (std::int64_t p = 0; p < g.positions(); ++p) {
    for (std::int64_t e = 0; e < g.patch_size(); ++e) {
      const std::int64_t u = e / g.window_row(), v = e % g.window_row() / g.channels;
      const std::int64_t row = p / g.out_width() * g.stride + u - g.kernel / 2;
      const std::int64_t column = p % g.out_width() * g.stride + v - g.kernel / 2;
      if (row < 0 || row >= g.height || column < 0 || column >= g.width) continue;
      visit(p, e, (row * g.width + column) * g.channels + e % g.channels);
    }
  }
}

// The whole image in tiles of `rows` rows of positions.
template <class Real, class Visit>
void over_tiles(const PatchGrid& g, const std::vector<Real>& image, std::int64_t rows,
                const Visit& visit) {
  for (std::int64_t i = 0; i < g.out_height(); i += rows) {
    const std::int64_t end = std::min(i + rows, g.out_height());
    std::vector<Real> tile(g.tile_height(end - i) * g.tile_width() * g.channels,
                           std::numeric_limits<Real>::quiet_NaN());
    gather_tile(g, image.data(), i, end, tile.data());
    visit(tile.data(), i, end - i);
  }
}

TYPED_TEST(Convolution, IsTheSumOverItsWindowFromWhereverItStarts) {
  using Real = TypeParam;
  for (const Layer& layer : layers()) {
    const PatchGrid& g = layer.grid;
    const std::int64_t out = layer.out_channels;
    const std::int64_t d = g.patch_size();
    const std::vector<Real> image = noise<Real>(g.image_size(), 1);
    const std::vector<Real> weight = noise<Real>(out * d, 2);  // [O,C,k,k]
    const std::vector<Real> bias = noise<Real>(out, 3);
    const std::vector<Real> before = noise<Real>(g.positions() * out, 4);
    std::vector<Real> ordered(weight.size()), packed(packed_weight_size<Real>(g, out));
    to_patch_order(g, out, weight.data(), ordered.data());
    pack_weight(g, out, weight.data(), packed.data());
    for (const ConvolutionStart start :
         {ConvolutionStart::kBias, ConvolutionStart::kZero, ConvolutionStart::kResult}) {
      std::vector<Sum> expected(before.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        expected[i].add(start == ConvolutionStart::kBias   ? static_cast<double>(bias[i % out])
                        : start == ConvolutionStart::kZero ? 0
                                                           : static_cast<double>(before[i]));
      }
      over_windows(g, [&](std::int64_t p, std::int64_t e, std::int64_t pixel) {
        for (std::int64_t o = 0; o < out; ++o) {
          expected[p * out + o].add(static_cast<double>(image[pixel]) *
                                    static_cast<double>(ordered[o * d + e]));
        }
      });
      std::vector<std::vector<Real>> made;
      for (const VectorWidth width : widths()) {
        for (const std::int64_t rows : {std::int64_t{1}, std::int64_t{2}, g.out_height()}) {
          std::vector<Real>& y = made.emplace_back(before);
          over_tiles(g, image, rows, [&](const Real* tile, std::int64_t i, std::int64_t count) {
            convolve(g, tile, count, packed.data(), out, start, bias.data(),
                     y.data() + i * g.out_width() * out, width);
          });
        }
      }
      for (std::size_t k = 0; k < made.size(); ++k) {
        for (std::size_t i = 0; i < expected.size(); ++i) {
          expect_near(made[k][i], expected[i], d + 1, "y");
        }
        EXPECT_EQ(made[k], made[k / 3 * 3]) << "other tiles have other bits";
        if (kFusedAlike) {
          EXPECT_EQ(made[k], made[0]) << "wider vectors have other bits";
        }
      }
    }
  }
}

// Convolving adjoints with the turned weight is the transpose of convolving with the weight.
TYPED_TEST(Convolution, WithTheTurnedWeightIsItsTranspose) {
  using Real = TypeParam;
  for (const Layer& layer : layers()) {
    const PatchGrid& g = layer.grid;
    const std::int64_t out = layer.out_channels;
    if (g.stride != 1) continue;
    PatchGrid turned = g;
    turned.channels = out;
    const std::vector<Real> dy = noise<Real>(g.positions() * out, 1);
    const std::vector<Real> weight = noise<Real>(out * g.patch_size(), 2);
    std::vector<Real> ordered(weight.size()), dx = noise<Real>(g.image_size(), 3);
    std::vector<Real> packed(packed_weight_size<Real>(turned, g.channels));
    to_patch_order(g, out, weight.data(), ordered.data());
    std::vector<Sum> expected(dx.size());
    over_windows(g, [&](std::int64_t p, std::int64_t e, std::int64_t pixel) {
      for (std::int64_t o = 0; o < out; ++o) {
        expected[pixel].add(static_cast<double>(dy[p * out + o]) *
                            static_cast<double>(ordered[o * g.patch_size() + e]));
      }
    });
    pack_turned_weight(turned, g.channels, weight.data(), packed.data());
    for (const VectorWidth width : widths()) {
      over_tiles(turned, dy, 2, [&](const Real* tile, std::int64_t i, std::int64_t count) {
        convolve<Real>(turned, tile, count, packed.data(), g.channels, ConvolutionStart::kZero,
                       nullptr, dx.data() + i * g.width * g.channels, width);
      });
      for (std::size_t i = 0; i < dx.size(); ++i) {
        expect_near(dx[i], expected[i], turned.patch_size(), "dx");
      }
    }
  }
}

TYPED_TEST(Convolution, CorrelationIsTheSumOverPositions) {
  using Real = TypeParam;
  for (const Layer& layer : layers()) {
    const PatchGrid& g = layer.grid;
    const std::int64_t out = layer.out_channels;
    const std::int64_t d = g.patch_size();
    const std::vector<Real> image = noise<Real>(g.image_size(), 1);
    const std::vector<Real> dy = noise<Real>(g.positions() * out, 2);
    const std::vector<Real> before = noise<Real>(out * d, 3);
    std::vector<Real> scratch(correlation_scratch_size<Real>(out));
    for (const bool fresh : {true, false}) {
      std::vector<Sum> expected(before.size());
      for (std::size_t i = 0; i < expected.size() && !fresh; ++i) {
        expected[i].add(static_cast<double>(before[i]));
      }
      over_windows(g, [&](std::int64_t p, std::int64_t e, std::int64_t pixel) {
        for (std::int64_t o = 0; o < out; ++o) {
          expected[o * d + e].add(static_cast<double>(dy[p * out + o]) *
                                  static_cast<double>(image[pixel]));
        }
      });
      std::vector<std::vector<Real>> made;
      for (const VectorWidth width : widths()) {
        std::vector<Real>& dw = made.emplace_back(before);
        Real beta = fresh ? 0 : 1;
        over_tiles(g, image, 2, [&](const Real* tile, std::int64_t i, std::int64_t count) {
          correlate(g, tile, count, dy.data() + i * g.out_width() * out, out, scratch.data(), beta,
                    dw.data(), width);
          beta = 1;
        });
        if (kFusedAlike) {
          EXPECT_EQ(dw, made[0]) << "wider vectors have other bits";
        }
        for (std::size_t i = 0; i < expected.size(); ++i) {
          expect_near(dw[i], expected[i], g.positions() + 1, "dw");
        }
      }
    }
  }
}

// 30,000 positions of one sign, a tile at a time: groups are summed before they are added, in whole
// blocks (32 channels) as in broken ones (3 channels).
TEST(ConvolutionSums, KeepTheirDigitsOverManyPositions) {
  for (const std::int64_t channels : {3, 32}) {
    const PatchGrid g{.height = 10, .width = 1000, .channels = channels, .kernel = 1};
    const std::vector<float> image(g.image_size(), 0.1F);
    const std::int64_t out = channels;
    const std::vector<float> dy(g.positions() * out, 0.7F);
    std::vector<float> scratch(correlation_scratch_size<float>(out)), dw(out * channels);
    float beta = 0;
    for (int sample = 0; sample < 3; ++sample) {
      over_tiles(g, image, 4, [&](const float* tile, std::int64_t i, std::int64_t count) {
        correlate(g, tile, count, dy.data() + i * g.width * out, out, scratch.data(), beta,
                  dw.data());
        beta = 1;
      });
    }
    const double exact = 3.0 * static_cast<double>(g.positions()) * static_cast<double>(0.1F) *
                         static_cast<double>(0.7F);
    for (const float w : dw) EXPECT_NEAR(w / exact, 1, 2e-6) << channels << " channels";
  }
}

}  // namespace
}  // namespace gradvar::convolution_test
