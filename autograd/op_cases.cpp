#include "autograd/op_cases.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "autograd/ops.h"

namespace gradvar {

namespace {

using Numbers = std::vector<double>;
using Rows = std::span<const Numbers>;

// y_i = f(x_i).
template <class Record>
GradcheckCase unary_case(const char* name, const Shape& sample, const Record& record,
                         double f(double), double gap = 0) {
  return gradcheck_case(name, {{.name = "x", .sample = sample, .gap = gap}}, {}, record,
                        [f](Rows x, Rows) {
                          Numbers y;
                          for (const double xi : x[0]) y.push_back(f(xi));
                          return y;
                        });
}

// y_i = f(a_i, b_i).
template <class Record>
GradcheckCase binary_case(const char* name, const Shape& sample, const Record& record,
                          double f(double, double)) {
  return gradcheck_case(name, {{.name = "a", .sample = sample}, {.name = "b", .sample = sample}},
                        {}, record, [f](Rows x, Rows) {
                          Numbers y;
                          for (std::size_t i = 0; i < x[0].size(); ++i) {
                            y.push_back(f(x[0][i], x[1][i]));
                          }
                          return y;
                        });
}

// The solution of m z = y, by elimination with the largest pivot. m [d,d].
Numbers eliminate(Numbers m, Numbers y) {
  const std::size_t d = y.size();
  for (std::size_t k = 0; k < d; ++k) {
    std::size_t pivot = k;
    for (std::size_t i = k + 1; i < d; ++i) {
      if (std::abs(m[i * d + k]) > std::abs(m[pivot * d + k])) pivot = i;
    }
    for (std::size_t j = 0; j < d; ++j) std::swap(m[k * d + j], m[pivot * d + j]);
    std::swap(y[k], y[pivot]);
    for (std::size_t i = k + 1; i < d; ++i) {
      const double factor = m[i * d + k] / m[k * d + k];
      for (std::size_t j = k; j < d; ++j) m[i * d + j] -= factor * m[k * d + j];
      y[i] -= factor * y[k];
    }
  }
  for (std::size_t k = d; k-- > 0;) {
    for (std::size_t j = k + 1; j < d; ++j) y[k] -= m[k * d + j] * y[j];
    y[k] /= m[k * d + k];
  }
  return y;
}

double total(const Numbers& x) {
  double sum = 0;
  for (const double xi : x) sum += xi;
  return sum;
}

// Kinks of relu and selu are at 0, and a finite difference reaches 2e-3 to both sides.
constexpr double kGap = 0.01;

}  // namespace

GradcheckCase dense_case(const Shape& sample, std::int64_t out) {
  const std::int64_t in = sample.columns();
  const double scale = 1 / std::sqrt(static_cast<double>(in));
  return gradcheck_case(
      "dense", {{.name = "x", .sample = sample}},
      {{.name = "W", .shape = {out, in}, .scale = scale}, {.name = "b", .shape = {out}}},
      [](auto& tape, auto x, auto p) { return dense(tape, x[0], p[0], p[1]); },
      [in, out](Rows x, Rows p) {
        Numbers y;
        for (std::size_t position = 0; position < x[0].size(); position += in) {
          for (std::int64_t o = 0; o < out; ++o) {
            double sum = p[1][o];
            for (std::int64_t i = 0; i < in; ++i) sum += p[0][o * in + i] * x[0][position + i];
            y.push_back(sum);
          }
        }
        return y;
      });
}

GradcheckCase shift_case(const Shape& sample) {
  return gradcheck_case(
      "shift", {{.name = "x", .sample = sample}}, {{.name = "b", .shape = sample}},
      [](auto& tape, auto x, auto p) { return shift(tape, x[0], p[0]); },
      [](Rows x, Rows p) {
        Numbers y;
        for (std::size_t i = 0; i < x[0].size(); ++i) y.push_back(x[0][i] + p[0][i]);
        return y;
      });
}

GradcheckCase gain_case(const Shape& sample) {
  return gradcheck_case(
      "gain", {{.name = "x", .sample = sample}}, {{.name = "g", .shape = sample}},
      [](auto& tape, auto x, auto p) { return gain(tape, x[0], p[0]); },
      [](Rows x, Rows p) {
        Numbers y;
        for (std::size_t i = 0; i < x[0].size(); ++i) y.push_back(x[0][i] * p[0][i]);
        return y;
      });
}

GradcheckCase add_case(const Shape& sample) {
  return binary_case(
      "add", sample, [](auto& tape, auto x, auto) { return add(tape, x[0], x[1]); },
      [](double a, double b) { return a + b; });
}

GradcheckCase sub_case(const Shape& sample) {
  return binary_case(
      "sub", sample, [](auto& tape, auto x, auto) { return sub(tape, x[0], x[1]); },
      [](double a, double b) { return a - b; });
}

GradcheckCase mul_case(const Shape& sample) {
  return binary_case(
      "mul", sample, [](auto& tape, auto x, auto) { return mul(tape, x[0], x[1]); },
      [](double a, double b) { return a * b; });
}

GradcheckCase scale_case(const Shape& sample, double c) {
  return gradcheck_case(
      "scale", {{.name = "x", .sample = sample}}, {},
      [c]<class Real>(Tape<Real>& tape, auto x, auto) {
        return scale(tape, x[0], static_cast<Real>(c));
      },
      [c](Rows x, Rows) {
        Numbers y;
        for (const double xi : x[0]) y.push_back(c * xi);
        return y;
      });
}

GradcheckCase silu_case(const Shape& sample) {
  return unary_case(
      "silu", sample, [](auto& tape, auto x, auto) { return silu(tape, x[0]); },
      [](double x) { return x / (1 + std::exp(-x)); });
}

GradcheckCase selu_case(const Shape& sample) {
  return unary_case(
      "selu", sample, [](auto& tape, auto x, auto) { return selu(tape, x[0]); },
      [](double x) {
        return 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * std::expm1(x));
      },
      kGap);
}

GradcheckCase relu_case(const Shape& sample) {
  return unary_case(
      "relu", sample, [](auto& tape, auto x, auto) { return relu(tape, x[0]); },
      [](double x) { return x > 0 ? x : 0; }, kGap);
}

GradcheckCase tanh_case(const Shape& sample) {
  return unary_case(
      "tanh", sample, [](auto& tape, auto x, auto) { return tanh(tape, x[0]); },
      [](double x) { return std::tanh(x); });
}

GradcheckCase gelu_case(const Shape& sample) {
  return unary_case(
      "gelu", sample, [](auto& tape, auto x, auto) { return gelu(tape, x[0]); },
      [](double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); });
}

GradcheckCase concat_case(const std::vector<Shape>& samples) {
  std::vector<GradcheckInput> inputs;
  std::vector<std::size_t> widths;
  for (std::size_t k = 0; k < samples.size(); ++k) {
    inputs.push_back({.name = "x_" + std::to_string(k + 1), .sample = samples[k]});
    widths.push_back(samples[k].columns());
  }
  return gradcheck_case(
      "concat", inputs, {}, [](auto& tape, auto x, auto) { return concat(tape, x); },
      [widths](Rows x, Rows) {
        Numbers y;
        for (std::size_t position = 0; position < x[0].size() / widths[0]; ++position) {
          for (std::size_t k = 0; k < x.size(); ++k) {
            for (std::size_t c = 0; c < widths[k]; ++c) y.push_back(x[k][position * widths[k] + c]);
          }
        }
        return y;
      });
}

GradcheckCase slice_case(const Shape& sample, std::int64_t begin, std::int64_t end) {
  const std::int64_t width = sample.columns();
  return gradcheck_case(
      "slice", {{.name = "x", .sample = sample}}, {},
      [begin, end](auto& tape, auto x, auto) { return slice(tape, x[0], begin, end); },
      [begin, end, width](Rows x, Rows) {
        Numbers y;
        for (std::size_t row = 0; row < x[0].size(); row += width) {
          for (std::int64_t c = begin; c < end; ++c) y.push_back(x[0][row + c]);
        }
        return y;
      });
}

GradcheckCase reshape_case(const Shape& from, const Shape& to) {
  return gradcheck_case(
      "reshape", {{.name = "x", .sample = from}}, {},
      [to](auto& tape, auto x, auto) { return reshape(tape, x[0], to); },
      [](Rows x, Rows) { return x[0]; });
}

GradcheckCase sum_case(const Shape& sample) {
  return gradcheck_case(
      "sum", {{.name = "x", .sample = sample}}, {},
      [](auto& tape, auto x, auto) { return sum(tape, x[0]); },
      [](Rows x, Rows) { return Numbers{total(x[0])}; });
}

GradcheckCase mean_case(const Shape& sample) {
  return gradcheck_case(
      "mean", {{.name = "x", .sample = sample}}, {},
      [](auto& tape, auto x, auto) { return mean(tape, x[0]); },
      [](Rows x, Rows) { return Numbers{total(x[0]) / static_cast<double>(x[0].size())}; });
}

GradcheckCase squared_error_case(const Shape& sample) {
  return gradcheck_case(
      "squared_error", {{.name = "y", .sample = sample}, {.name = "target", .sample = sample}}, {},
      [](auto& tape, auto x, auto) { return squared_error(tape, x[0], x[1]); },
      [](Rows x, Rows) {
        double sum = 0;
        for (std::size_t i = 0; i < x[0].size(); ++i) {
          sum += (x[0][i] - x[1][i]) * (x[0][i] - x[1][i]);
        }
        return Numbers{sum};
      });
}

GradcheckCase time_embedding_case(std::int64_t dim, double scale) {
  GradcheckCase embedding = gradcheck_case(
      "time_embedding", {{.name = "t", .sample = {1}}}, {},
      [dim, scale]<class Real>(Tape<Real>& tape, auto x, auto) {
        return time_embedding(tape, x[0], dim, static_cast<Real>(scale));
      },
      [dim, scale](Rows x, Rows) {
        Numbers y(dim);
        const std::int64_t half = dim / 2;
        for (std::int64_t k = 0; k < half; ++k) {
          const double exponent = -static_cast<double>(k) / static_cast<double>(half);
          const double angle = scale * x[0][0] * std::pow(10000.0, exponent);
          y[k] = std::cos(angle);
          y[half + k] = std::sin(angle);
        }
        return y;
      });
  embedding.step /= std::max(scale, 1.0);  // t is stretched by the scale before anything happens
  return embedding;
}

// Theta so small that I + t Theta is far from singular at any t that is drawn.
GradcheckCase affine_gaussian_case(std::int64_t dim) {
  return gradcheck_case(
      "affine_gaussian", {{.name = "x", .sample = {dim}}, {.name = "t", .sample = {1}}},
      {{.name = "theta", .shape = {dim}},
       {.name = "Theta", .shape = {dim, dim}, .scale = 0.1 / std::sqrt(static_cast<double>(dim))}},
      [](auto& tape, auto x, auto p) { return affine_gaussian(tape, x[0], x[1], p[0], p[1]); },
      [](Rows x, Rows p) {
        const std::size_t d = p[0].size();
        const double t = x[1][0];
        Numbers a(d * d), y(d), v = p[0];
        for (std::size_t i = 0; i < d; ++i) {
          for (std::size_t j = 0; j < d; ++j) a[i * d + j] = (i == j) + t * p[1][i * d + j];
          y[i] = x[0][i] - t * p[0][i];
        }
        const Numbers z = eliminate(a, y);
        for (std::size_t i = 0; i < d; ++i) {
          for (std::size_t j = 0; j < d; ++j) v[i] += p[1][i * d + j] * z[j];
        }
        return v;
      });
}

std::vector<GradcheckCase> op_cases() {
  const Shape flat{17}, tokens{5, 3};
  GradcheckCase dense_tokens = dense_case(tokens, 7);
  dense_tokens.name = "dense, 5 tokens";
  std::vector<GradcheckCase> cases = {
      dense_case(flat, 9),      dense_tokens,
      shift_case(tokens),       gain_case(tokens),
      add_case(flat),           sub_case(flat),
      mul_case(flat),           scale_case(flat, -1.5),
      silu_case(flat),          selu_case(flat),
      relu_case(flat),          tanh_case(flat),
      gelu_case(flat),          concat_case({{5, 3}, {5, 1}, {5, 4}}),
      slice_case(tokens, 1, 3), reshape_case(tokens, {3, 5}),
      sum_case(tokens),         mean_case(tokens),
      squared_error_case(flat), time_embedding_case(9, 10),
      affine_gaussian_case(5)};
  for (GradcheckCase& one : image_op_cases()) cases.push_back(std::move(one));
  return cases;
}

}  // namespace gradvar
