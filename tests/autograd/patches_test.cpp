#include "autograd/patches.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <vector>

#include "autograd/collectors/group_norms.h"
#include "autograd/collectors/projection.h"
#include "autograd/collectors/sum.h"
#include "autograd/random.h"

namespace gradvar::patches_test {
namespace {

std::vector<double> noise(std::int64_t count, std::uint64_t id) {
  std::vector<double> numbers(count);
  RandomStream(5, Purpose::kTest).normals<double>(id, 0, numbers);
  return numbers;
}

const std::vector<PatchGrid> kGrids = {
    {.height = 5, .width = 4, .channels = 3, .kernel = 3, .stride = 1},
    {.height = 5, .width = 4, .channels = 3, .kernel = 3, .stride = 2},
    {.height = 1, .width = 1, .channels = 2, .kernel = 3, .stride = 2},
    {.height = 3, .width = 7, .channels = 1, .kernel = 5, .stride = 1},
    {.height = 4, .width = 6, .channels = 2, .kernel = 1, .stride = 2},
    {.height = 9, .width = 8, .channels = 2, .kernel = 3, .stride = 4},
};

// Element (u,v,c) of the patch at (i,j), by the definition.
double element(const PatchGrid& g, const std::vector<double>& image, std::int64_t i, std::int64_t j,
               std::int64_t u, std::int64_t v, std::int64_t c) {
  const std::int64_t row = g.stride * i + u - g.kernel / 2;
  const std::int64_t column = g.stride * j + v - g.kernel / 2;
  if (row < 0 || row >= g.height || column < 0 || column >= g.width) return 0;
  return image[(row * g.width + column) * g.channels + c];
}

std::vector<double> all_patches(const PatchGrid& g, const std::vector<double>& image) {
  std::vector<double> patches;
  for (std::int64_t i = 0; i < g.out_height(); ++i) {
    for (std::int64_t j = 0; j < g.out_width(); ++j) {
      for (std::int64_t u = 0; u < g.kernel; ++u) {
        for (std::int64_t v = 0; v < g.kernel; ++v) {
          for (std::int64_t c = 0; c < g.channels; ++c) {
            patches.push_back(element(g, image, i, j, u, v, c));
          }
        }
      }
    }
  }
  return patches;
}

TEST(Patches, AreWindowsOfATileOfAnyHeight) {
  for (const PatchGrid& g : kGrids) {
    const std::vector<double> image = noise(g.image_size(), 1);
    const std::vector<double> expected = all_patches(g, image);
    for (std::int64_t rows = 1; rows <= g.out_height(); ++rows) {
      std::vector<double> patches;
      for (std::int64_t i = 0; i < g.out_height(); i += rows) {
        const std::int64_t end = std::min(i + rows, g.out_height());
        std::vector<double> tile(g.tile_height(end - i) * g.tile_width() * g.channels, 7);
        gather_tile(g, image.data(), i, end, tile.data());
        for (std::int64_t p = 0; p < (end - i) * g.out_width(); ++p) {
          const std::int64_t row = p / g.out_width() * g.stride,
                             column = p % g.out_width() * g.stride;
          for (std::int64_t u = 0; u < g.kernel; ++u) {
            const auto run = tile.begin() + ((row + u) * g.tile_width() + column) * g.channels;
            patches.insert(patches.end(), run, run + g.window_row());
          }
        }
      }
      EXPECT_EQ(patches, expected) << rows << " rows a tile, stride " << g.stride;
    }
  }
}

// <patches(x), s> = <x, scatter(s)>, scattered some positions at a time.
TEST(Patches, ScatterIsTheTransposeOfReadingThem) {
  for (const PatchGrid& grid : kGrids) {
    const std::vector<double> x = noise(grid.image_size(), 1), read = all_patches(grid, x);
    const std::vector<double> s = noise(static_cast<std::int64_t>(read.size()), 2);
    std::vector<double> scattered(x.size(), 0);
    for (std::int64_t begin = 0; begin < grid.positions(); begin += 3) {
      scatter_patches(grid, s.data() + begin * grid.patch_size(), begin,
                      std::min(begin + 3, grid.positions()), scattered.data());
    }
    double left = 0, right = 0;
    for (std::size_t i = 0; i < s.size(); ++i) left += read[i] * s[i];
    for (std::size_t i = 0; i < x.size(); ++i) right += x[i] * scattered[i];
    EXPECT_NEAR(left, right, 1e-12 * static_cast<double>(s.size()));
  }
}

TEST(Patches, OrdersOfAWeightAreEachOthersInverse) {
  const PatchGrid grid = kGrids[0];
  const std::vector<double> weight = noise(2 * grid.patch_size(), 3);
  std::vector<double> ordered(weight.size()), back(weight.size());
  to_patch_order(grid, 2, weight.data(), ordered.data());
  // W[1,2,0,1] is element (0,1,2) of row 1.
  EXPECT_EQ(ordered[27 + (0 * 3 + 1) * 3 + 2], weight[27 + 2 * 9 + 0 * 3 + 1]);
  from_patch_order(grid, 2, ordered.data(), back.data());
  EXPECT_EQ(back, weight);
}

TEST(Patches, TilesFitTheCacheAndAreNeverEmpty) {
  const PatchGrid wide{.height = 32, .width = 32, .channels = 64, .kernel = 3, .stride = 1};
  EXPECT_EQ(wide.tile_rows(sizeof(float)), 11)
      << "at most 15 rows of 8.5 KiB: 3 tiles of 11, 11, 10";
  const PatchGrid huge{.height = 64, .width = 64, .channels = 512, .kernel = 3, .stride = 1};
  EXPECT_EQ(huge.tile_rows(sizeof(double)), 1);
  const PatchGrid small{.height = 8, .width = 8, .channels = 3, .kernel = 3, .stride = 1};
  EXPECT_EQ(small.tile_rows(sizeof(float)), 8);
}

// Weighted sums, sums over groups and projections of a use over patches and one of each other form,
// against gradients written out by the definition.
TEST(Patches, EveryCollectorAgreesWithTheDefinition) {
  constexpr std::int64_t kBatch = 4, kOut = 2;
  for (const PatchGrid& grid : kGrids) {
    const std::int64_t t = grid.positions(), d = grid.patch_size(), size = kOut * d;
    const std::int64_t kk = grid.kernel * grid.kernel;
    const std::vector<double> images = noise(kBatch * grid.image_size(), 1);
    const std::vector<double> delta = noise(kBatch * t * kOut, 2), rows = noise(kBatch * size, 3);
    std::vector<std::vector<double>> whole;
    for (std::int64_t n = 0; n < kBatch; ++n) {
      const std::vector<double> patches = all_patches(
          grid,
          {images.begin() + n * grid.image_size(), images.begin() + (n + 1) * grid.image_size()});
      std::vector<double>& g =
          whole.emplace_back(rows.begin() + n * size, rows.begin() + (n + 1) * size);
      for (std::int64_t p = 0; p < t; ++p) {
        for (std::int64_t o = 0; o < kOut; ++o) {
          for (std::int64_t w = 0; w < kk; ++w) {
            for (std::int64_t c = 0; c < grid.channels; ++c) {
              g[(o * grid.channels + c) * kk + w] +=
                  delta[(n * t + p) * kOut + o] * patches[p * d + w * grid.channels + c];
            }
          }
        }
      }
    }
    ParameterLayout layout;
    const ParameterId id = layout.add("w", {kOut, grid.channels, grid.kernel, grid.kernel});
    const std::vector<Factor<double>> uses = {
        Factor<double>::patches(delta.data(), images.data(), grid),
        Factor<double>::rows(rows.data())};
    const SampleGradients<double> gradients{id, kBatch, kOut, d, uses};
    const std::vector<double> weights = {0.5, 2, 0, 1};
    Tensor<double> direction(Shape{1, layout.padded_size()});
    for (std::int64_t i = 0; i < size; ++i) direction[i] = 0.1 * static_cast<double>(i % 7) - 0.2;

    SumCollector<double> sum;
    GroupNormsCollector<double> groups(2);
    ProjectionCollector<double> projection(direction);
    LanePool pool(1);
    Arena scratch;
    for (Collector<double>* collector :
         std::initializer_list<Collector<double>*>{&sum, &groups, &projection}) {
      collector->begin(layout, {kBatch, 1, weights});
      offer<double>({&collector, 1}, gradients, {0, 0, kBatch, weights}, scratch);
      collector->merge(pool);
    }
    double squared[2] = {0, 0};
    for (std::int64_t i = 0; i < size; ++i) {
      double total = 0, group[2] = {0, 0};
      for (std::int64_t n = 0; n < kBatch; ++n) {
        total += weights[n] * whole[n][i];
        group[n / 2] += weights[n] * whole[n][i];
      }
      EXPECT_NEAR(sum.mean()[i], total / 3.5, 1e-12 * static_cast<double>(t));
      for (int j = 0; j < 2; ++j) squared[j] += group[j] * group[j];
    }
    for (int j = 0; j < 2; ++j) {
      EXPECT_NEAR(groups.squared_norms()[j], squared[j], 1e-12 * squared[j]);
    }
    for (std::int64_t n = 0; n < kBatch; ++n) {
      double inner = 0;
      for (std::int64_t i = 0; i < size; ++i) inner += whole[n][i] * direction[i];
      EXPECT_NEAR(projection.projections()[n], inner, 1e-12 * static_cast<double>(size * t));
    }
  }
}

}  // namespace
}  // namespace gradvar::patches_test
