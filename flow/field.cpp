#include "flow/field.h"

#include <algorithm>
#include <string>
#include <utility>

#include "autograd/check.h"

namespace gradvar {

namespace {

// {rows, sample...}.
Shape batch_shape(std::int64_t rows, const Shape& sample) {
  std::vector<std::int64_t> axes = {rows};
  for (int axis = 0; axis < sample.rank(); ++axis) axes.push_back(sample[axis]);
  return Shape(axes);
}

}  // namespace

template <class Real>
void Field<Real>::check_sizes(std::span<const Real> x, std::span<const Real> t, std::int64_t rows,
                              std::span<Real> out) const {
  const std::int64_t size = sample_shape().size();
  const auto expect = [&](std::string_view name, std::size_t found, std::int64_t expected) {
    check(static_cast<std::int64_t>(found) == expected, "field", [&] {
      return std::string(name) + " has " + std::to_string(found) + " numbers, expected " +
             std::to_string(expected) + " for " + std::to_string(rows) + " rows of shape " +
             sample_shape().to_string();
    });
  };
  check(rows >= 0, "field",
        [&] { return std::to_string(rows) + " rows asked for, expected 0 or more"; });
  expect("x", x.size(), rows * size);
  expect("t", t.size(), rows);
  expect("out", out.size(), rows * size);
}

std::int64_t usual_block_rows(const Shape& sample) {
  constexpr std::int64_t kNumbersAtATime = 1 << 16, kFewest = 8, kMost = 256;
  const std::int64_t numbers = std::max<std::int64_t>(sample.size(), 1);
  return std::clamp(kNumbersAtATime / numbers, kFewest, kMost);
}

template <class Real>
NetworkField<Real>::NetworkField(const Model<Real>& model, LanePool& pool)
    : NetworkField(model, pool, usual_block_rows(model.sample_shape())) {}

template <class Real>
NetworkField<Real>::NetworkField(const Model<Real>& model, LanePool& pool, std::int64_t block_rows)
    : model_(model), pool_(pool), block_rows_(block_rows) {
  check(block_rows >= 1, "field",
        "a block has " + std::to_string(block_rows) + " rows, expected 1 or more");
}

template <class Real>
void NetworkField<Real>::velocity(std::span<const Real> x, std::span<const Real> t,
                                  std::int64_t rows, std::span<Real> out) const {
  this->check_sizes(x, t, rows, out);
  if (rows == 0) return;
  const std::int64_t size = sample_shape().size();
  const std::int64_t blocks = (rows + block_rows_ - 1) / block_rows_;
  const int tasks = static_cast<int>(std::min<std::int64_t>(pool_.threads(), blocks));
  while (static_cast<int>(tapes_.size()) < tasks) {
    tapes_.push_back(std::make_unique<Tape<Real>>(model_.parameters()));
  }
  pool_.run(tasks, [&](int task) {
    for (std::int64_t block = task; block < blocks; block += tasks) {
      const std::int64_t first = block * block_rows_;
      const std::int64_t count = std::min(block_rows_, rows - first);
      evaluate_block(*tapes_[task], x.subspan(first * size, count * size), t.subspan(first, count),
                     count, out.subspan(first * size, count * size));
    }
  });
}

template <class Real>
void NetworkField<Real>::evaluate_block(Tape<Real>& tape, std::span<const Real> x,
                                        std::span<const Real> t, std::int64_t rows,
                                        std::span<Real> out) const {
  tape.reset();  // also after a call that threw
  const Value input = tape.input(x, batch_shape(rows, sample_shape()));
  const Value v = model_.forward(tape, input, tape.input(t, {rows, 1}));
  const std::span<const Real> values = tape.value(v);
  check(values.size() == out.size(), "field", [&] {
    return "the model's velocity is " + tape.shape(v).to_string() + ", expected the shape of x, " +
           tape.shape(input).to_string();
  });
  std::copy(values.begin(), values.end(), out.begin());
}

template <class Real>
FunctionField<Real>::FunctionField(const Shape& sample_shape, Function function)
    : sample_shape_(sample_shape), function_(std::move(function)) {}

template <class Real>
void FunctionField<Real>::velocity(std::span<const Real> x, std::span<const Real> t,
                                   std::int64_t rows, std::span<Real> out) const {
  this->check_sizes(x, t, rows, out);
  const std::int64_t size = sample_shape_.size();
  for (std::int64_t n = 0; n < rows; ++n) {
    function_(x.subspan(n * size, size), t[n], out.subspan(n * size, size));
  }
}

template class Field<float>;
template class Field<double>;
template class NetworkField<float>;
template class NetworkField<double>;
template class FunctionField<float>;
template class FunctionField<double>;

}  // namespace gradvar
