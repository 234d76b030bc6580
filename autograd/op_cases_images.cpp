// The ops for images and tokens as GradcheckCases; see op_cases.h.

#include <algorithm>
#include <cmath>
#include <utility>

#include "autograd/op_cases.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar {

namespace {

using Numbers = std::vector<double>;
using Rows = std::span<const Numbers>;

// y_i = x_from(i), where from(i) lists the elements of x whose mean element i of y is.
GradcheckReference mean_of(std::vector<std::vector<std::int64_t>> from) {
  return [from = std::move(from)](Rows x, Rows) {
    Numbers y;
    for (const std::vector<std::int64_t>& elements : from) {
      double sum = 0;
      for (const std::int64_t i : elements) sum += x[0][i];
      y.push_back(sum / static_cast<double>(elements.size()));
    }
    return y;
  };
}

// xhat of the given elements, whose mean and variance they share.
void normalise(const Numbers& x, const std::vector<std::size_t>& elements, Numbers& xhat) {
  const auto n = static_cast<double>(elements.size());
  double mean = 0, variance = 0;
  for (const std::size_t i : elements) mean += x[i] / n;
  for (const std::size_t i : elements) variance += (x[i] - mean) * (x[i] - mean) / n;
  for (const std::size_t i : elements) xhat[i] = (x[i] - mean) / std::sqrt(variance + 1e-5);
}

// A norm whose element i shares its moments with those of the same group(i), 0 .. groups - 1.
template <class Record, class Group>
GradcheckCase norm_case(const char* name, const Shape& sample, const Record& record,
                        std::int64_t groups, const Group& group) {
  const Shape channels{sample.columns()};
  return gradcheck_case(name, {{.name = "x", .sample = sample}},
                        {{.name = "gain", .shape = channels}, {.name = "bias", .shape = channels}},
                        record, [groups, group](Rows x, Rows p) {
                          std::vector<std::vector<std::size_t>> members(groups);
                          for (std::size_t i = 0; i < x[0].size(); ++i) {
                            members[group(i)].push_back(i);
                          }
                          Numbers y(x[0].size());
                          for (const auto& elements : members) normalise(x[0], elements, y);
                          for (std::size_t i = 0; i < y.size(); ++i) {
                            const std::size_t c = i % p[0].size();
                            y[i] = y[i] * p[0][c] + p[1][c];
                          }
                          return y;
                        });
}

// One head of one sample by the definition: q, k, v are columns of x [T,3C].
void attend(const Numbers& x, std::int64_t positions, std::int64_t channels, std::int64_t head,
            std::int64_t width, Numbers& y) {
  const auto at = [&](std::int64_t t, std::int64_t part, std::int64_t c) {
    return x[t * 3 * channels + (3 * head + part) * width + c];
  };
  for (std::int64_t t = 0; t < positions; ++t) {
    Numbers weight(positions);
    double sum = 0;
    for (std::int64_t s = 0; s < positions; ++s) {
      double score = 0;
      for (std::int64_t c = 0; c < width; ++c) score += at(t, 0, c) * at(s, 1, c);
      weight[s] = std::exp(score / std::sqrt(static_cast<double>(width)));
      sum += weight[s];
    }
    for (std::int64_t c = 0; c < width; ++c) {
      double mean = 0;
      for (std::int64_t s = 0; s < positions; ++s) mean += weight[s] / sum * at(s, 2, c);
      y[t * channels + head * width + c] = mean;
    }
  }
}

// The number of a sample, made from what its second input happens to hold.
template <class Real>
std::uint32_t sample_number(Real input) {
  return static_cast<std::uint32_t>(std::abs(static_cast<double>(input)) * 1e6);
}

}  // namespace

GradcheckCase conv2d_case(const Shape& image, std::int64_t out, std::int64_t kernel,
                          std::int64_t stride) {
  const std::int64_t height = image[0], width = image[1], channels = image[2];
  const double scale = 1 / std::sqrt(static_cast<double>(channels * kernel * kernel));
  return gradcheck_case(
      "conv2d", {{.name = "x", .sample = image}},
      {{.name = "W", .shape = {out, channels, kernel, kernel}, .scale = scale},
       {.name = "b", .shape = {out}}},
      [stride](auto& tape, auto x, auto p) { return conv2d(tape, x[0], p[0], p[1], stride); },
      [=](Rows x, Rows p) {
        const auto pixel = [&](std::int64_t i, std::int64_t j, std::int64_t c) {
          const bool inside = i >= 0 && i < height && j >= 0 && j < width;
          return inside ? x[0][(i * width + j) * channels + c] : 0.0;
        };
        Numbers y;
        for (std::int64_t i = 0; i < height; i += stride) {
          for (std::int64_t j = 0; j < width; j += stride) {
            for (std::int64_t o = 0; o < out; ++o) {
              double sum = p[1][o];
              for (std::int64_t e = 0; e < channels * kernel * kernel; ++e) {
                const std::int64_t c = e / (kernel * kernel), u = e / kernel % kernel;
                const std::int64_t v = e % kernel;
                sum += p[0][o * channels * kernel * kernel + e] *
                       pixel(i + u - kernel / 2, j + v - kernel / 2, c);
              }
              y.push_back(sum);
            }
          }
        }
        return y;
      });
}

GradcheckCase group_norm_case(const Shape& sample, std::int64_t groups) {
  const std::int64_t channels = sample.columns(), width = channels / groups;
  return norm_case(
      "group_norm", sample,
      [groups](auto& tape, auto x, auto p) { return group_norm(tape, x[0], groups, p[0], p[1]); },
      groups, [channels, width](std::size_t i) { return i % channels / width; });
}

GradcheckCase layer_norm_case(const Shape& sample) {
  const std::int64_t channels = sample.columns();
  return norm_case(
      "layer_norm", sample,
      [](auto& tape, auto x, auto p) { return layer_norm(tape, x[0], p[0], p[1]); },
      sample.size() / channels, [channels](std::size_t i) { return i / channels; });
}

GradcheckCase attention_case(std::int64_t positions, std::int64_t channels, std::int64_t heads) {
  return gradcheck_case(
      "attention", {{.name = "qkv", .sample = {positions, 3 * channels}}}, {},
      [heads](auto& tape, auto x, auto) { return attention(tape, x[0], heads); },
      [positions, channels, heads](Rows x, Rows) {
        Numbers y(positions * channels);
        for (std::int64_t head = 0; head < heads; ++head) {
          attend(x[0], positions, channels, head, channels / heads, y);
        }
        return y;
      });
}

GradcheckCase upsample_nearest_case(const Shape& image) {
  const std::int64_t height = image[0], width = image[1], channels = image[2];
  std::vector<std::vector<std::int64_t>> from;
  for (std::int64_t i = 0; i < 2 * height; ++i) {
    for (std::int64_t j = 0; j < 2 * width; ++j) {
      for (std::int64_t c = 0; c < channels; ++c) {
        from.push_back({(i / 2 * width + j / 2) * channels + c});
      }
    }
  }
  return gradcheck_case(
      "upsample_nearest", {{.name = "x", .sample = image}}, {},
      [](auto& tape, auto x, auto) { return upsample_nearest(tape, x[0]); },
      mean_of(std::move(from)));
}

GradcheckCase average_pool_case(const Shape& image) {
  const std::int64_t height = image[0], width = image[1], channels = image[2];
  std::vector<std::vector<std::int64_t>> from;
  for (std::int64_t i = 0; i < height; i += 2) {
    for (std::int64_t j = 0; j < width; j += 2) {
      for (std::int64_t c = 0; c < channels; ++c) {
        const auto at = [&](std::int64_t di, std::int64_t dj) {
          return ((i + di) * width + j + dj) * channels + c;
        };
        from.push_back({at(0, 0), at(0, 1), at(1, 0), at(1, 1)});
      }
    }
  }
  return gradcheck_case(
      "average_pool", {{.name = "x", .sample = image}}, {},
      [](auto& tape, auto x, auto) { return average_pool(tape, x[0]); }, mean_of(std::move(from)));
}

GradcheckCase add_per_channel_case(const Shape& sample) {
  return gradcheck_case(
      "add_per_channel",
      {{.name = "x", .sample = sample}, {.name = "e", .sample = {sample.columns()}}}, {},
      [](auto& tape, auto x, auto) { return add_per_channel(tape, x[0], x[1]); },
      [](Rows x, Rows) {
        Numbers y;
        for (std::size_t i = 0; i < x[0].size(); ++i) {
          y.push_back(x[0][i] + x[1][i % x[1].size()]);
        }
        return y;
      });
}

GradcheckCase scale_shift_case(const Shape& sample) {
  const Shape channels{sample.columns()};
  return gradcheck_case(
      "scale_shift",
      {{.name = "x", .sample = sample},
       {.name = "scale", .sample = channels},
       {.name = "shift", .sample = channels}},
      {}, [](auto& tape, auto x, auto) { return scale_shift(tape, x[0], x[1], x[2]); },
      [](Rows x, Rows) {
        Numbers y;
        for (std::size_t i = 0; i < x[0].size(); ++i) {
          const std::size_t c = i % x[1].size();
          y.push_back(x[0][i] * (1 + x[1][c]) + x[2][c]);
        }
        return y;
      });
}

GradcheckCase channels_last_case(const Shape& planes) {
  const std::int64_t channels = planes[0], plane = planes[1] * planes[2];
  std::vector<std::vector<std::int64_t>> from;
  for (std::int64_t t = 0; t < plane; ++t) {
    for (std::int64_t c = 0; c < channels; ++c) from.push_back({c * plane + t});
  }
  return gradcheck_case(
      "channels_last", {{.name = "x", .sample = planes}}, {},
      [](auto& tape, auto x, auto) { return channels_last(tape, x[0]); }, mean_of(std::move(from)));
}

GradcheckCase channels_first_case(const Shape& image) {
  const std::int64_t channels = image[2], plane = image[0] * image[1];
  std::vector<std::vector<std::int64_t>> from;
  for (std::int64_t c = 0; c < channels; ++c) {
    for (std::int64_t t = 0; t < plane; ++t) from.push_back({t * channels + c});
  }
  return gradcheck_case(
      "channels_first", {{.name = "x", .sample = image}}, {},
      [](auto& tape, auto x, auto) { return channels_first(tape, x[0]); },
      mean_of(std::move(from)));
}

GradcheckCase dropout_case(const Shape& sample, double rate) {
  const DropoutDraws draws{.rate = rate, .seed = 3, .step = 5, .layer = 7};
  return gradcheck_case(
      "dropout",
      {{.name = "x", .sample = sample}, {.name = "sample", .sample = {1}, .differentiable = false}},
      {},
      [draws](auto& tape, auto x, auto) {
        std::vector<std::uint32_t> samples;
        for (const auto number : tape.value(x[1])) samples.push_back(sample_number(number));
        DropoutDraws own = draws;
        own.samples = samples;
        return dropout(tape, x[0], own);
      },
      [draws](Rows x, Rows) {
        const RandomStream stream(draws.seed, Purpose::kDropout);
        Numbers y;
        for (std::size_t i = 0; i < x[0].size(); ++i) {
          const std::uint32_t draw = (draws.layer << 20) | static_cast<std::uint32_t>(i / 4);
          const double u = stream.block(draws.step, sample_number(x[1][0]), draw)[i % 4] * 0x1p-32;
          y.push_back(u < draws.rate ? 0 : x[0][i] / (1 - draws.rate));
        }
        return y;
      });
}

std::vector<GradcheckCase> image_op_cases() {
  const Shape image{4, 6, 3};
  return {conv2d_case({4, 5, 3}, 2, 3, 1), conv2d_case({4, 5, 3}, 2, 3, 2),
          group_norm_case({3, 5, 8}, 4),   layer_norm_case({5, 17}),
          attention_case(7, 6, 2),         upsample_nearest_case(image),
          average_pool_case(image),        add_per_channel_case(image),
          scale_shift_case(image),         channels_last_case({3, 4, 6}),
          channels_first_case(image),      dropout_case({5, 7}, 0.3)};
}

}  // namespace gradvar
