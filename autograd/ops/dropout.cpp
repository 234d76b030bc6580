// dropout: y = x m / (1 - p), where each m is 0 with probability p and 1 otherwise
//
//   x, y [B,...]                                   saves m, a byte each
//   backward    dx += dy m / (1 - p)
//   per sample  no parameters
// m is a function of (seed, step, sample, layer, element) alone (random.h, 32 bits of Philox an
// element): a sample loses the same elements in any batch layout and on any thread, so the gradient
// of "one sample's loss" is still that of one function. REQUIRES: 0 <= p < 1, a number for each
// sample, less than 2^22 elements a sample, less than 2^12 layers. Rows never mix.

#include <algorithm>

#include "autograd/check.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar {

namespace {

constexpr int kDrawBits = 20;  // blocks of four elements; the layer stands above them

template <class Real>
class Dropout final : public Op<Real> {
 public:
  Dropout(Value x, const DropoutDraws& draws) : x_(x), draws_(draws) {}
  std::string_view name() const override { return "dropout"; }

  void forward(Tape<Real>& tape) override {
    const std::int64_t size = tape.shape(x_).row_size();
    const RandomStream stream(draws_.seed, Purpose::kDropout);
    const auto threshold = static_cast<std::uint64_t>(draws_.rate * 0x1p32);
    const Real kept = static_cast<Real>(1 / (1 - draws_.rate));
    mask_ = tape.arena().template allocate<std::uint8_t>(tape.batch() * size);
    const Real* x = tape.value(x_).data();
    Real* y = tape.output(this->output).data();
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      for (std::int64_t first = 0; first < size; first += 4) {
        const std::array<std::uint32_t, 4> words =
            stream.block(draws_.step, draws_.samples[n],
                         (draws_.layer << kDrawBits) | static_cast<std::uint32_t>(first / 4));
        for (std::int64_t i = first; i < std::min(first + 4, size); ++i) {
          const bool stays = words[i - first] >= threshold;
          mask_[n * size + i] = stays ? 1 : 0;
          y[n * size + i] = stays ? x[n * size + i] * kept : Real(0);
        }
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const std::span<const Real> dy = tape.adjoint(this->output);
    Real* dx = tape.adjoint(x_).data();
    const Real kept = static_cast<Real>(1 / (1 - draws_.rate));
    for (std::size_t i = 0; i < dy.size(); ++i) dx[i] += mask_[i] != 0 ? dy[i] * kept : Real(0);
  }

 private:
  Value x_;
  DropoutDraws draws_;  // its samples are read in forward only, while the caller still has them
  std::uint8_t* mask_ = nullptr;
};

}  // namespace

template <class Real>
Value dropout(Tape<Real>& tape, Value x, const DropoutDraws& draws) {
  const Shape& shape = tape.shape(x);
  check_rank_at_least("dropout", "x", shape, 1);
  check(draws.rate >= 0 && draws.rate < 1, "dropout", [&] {
    return "the rate is " + std::to_string(draws.rate) + ", expected 0 or more and less than 1";
  });
  check(static_cast<std::int64_t>(draws.samples.size()) == shape.rows(), "dropout", [&] {
    return "x is " + shape.to_string() + ", the samples have " +
           std::to_string(draws.samples.size()) + " numbers: one for each is expected";
  });
  check(shape.row_size() < std::int64_t{4} << kDrawBits, "dropout", [&] {
    return "x is " + shape.to_string() + ", expected less than 4194304 elements a sample";
  });
  check(draws.layer < (1U << (32 - kDrawBits)), "dropout", [&] {
    return "the layer is " + std::to_string(draws.layer) + ", expected less than 4096";
  });
  return tape.record(Dropout<Real>(x, draws), shape, {x});
}

template Value dropout(Tape<float>&, Value, const DropoutDraws&);
template Value dropout(Tape<double>&, Value, const DropoutDraws&);

}  // namespace gradvar
