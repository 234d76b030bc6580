// attention: multi-head self-attention over the positions of a sample
//
//   qkv [B,T,3C]  y [B,T,C]     H heads of width d = C / H; heads outermost, then q, k, v:
//   head h has q = columns 3dh .. 3dh + d, then k, then v; its output is columns dh .. dh + d of y
//   S = q k^T / sqrt(d)  [T,T]     P = softmax of the rows of S     y = P v
//   saves       qkv, P [B,H,T,T]
//   backward    dP = dy v^T     dS = P (dP - rowsum(P dP))          row by row
//               dv += P^T dy    dq += dS k / sqrt(d)    dk += dS^T q / sqrt(d)
//   per sample  no parameters: the projections before and after are dense layers over positions
// The order of guided diffusion's QKVAttentionLegacy, which scales q and k by d^(-1/4) each: the
// same number. REQUIRES: H divides C, at least one position. Rows never mix.
// Trap: P is T^2 numbers a head and sample: 64 KB in f32 at 8x8 and 4 MB at 32x32.

#include <cmath>

#include "autograd/blas.h"
#include "autograd/channel_kernels.h"
#include "autograd/check.h"
#include "autograd/ops.h"

namespace gradvar {

namespace {

using blas::Transpose;

template <class Real>
class Attention final : public Op<Real> {
 public:
  Attention(Value qkv, std::int64_t heads) : qkv_(qkv), heads_(heads) {}
  std::string_view name() const override { return "attention"; }

  void forward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    p_ = tape.arena().template allocate<Real>(tape.batch() * heads_ * s.t * s.t);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      for (std::int64_t h = 0; h < heads_; ++h) {
        const Real* q = tape.value(qkv_).data() + n * s.t * s.in + 3 * s.d * h;
        const Real *k = q + s.d, *v = k + s.d;
        Real* p = p_ + (n * heads_ + h) * s.t * s.t;
        Real* y = tape.output(this->output).data() + n * s.t * s.out + s.d * h;
        blas::gemm(Transpose::kNo, Transpose::kYes, s.t, s.t, s.d, scale(s), q, s.in, k, s.in,
                   Real(0), p, s.t);
        kernels::softmax_rows(p, s.t, s.t);
        blas::gemm(Transpose::kNo, Transpose::kNo, s.t, s.d, s.t, Real(1), p, s.t, v, s.in, Real(0),
                   y, s.out);
      }
    }
  }

  void backward(Tape<Real>& tape) override {
    const Sizes s = sizes(tape);
    // Every number of the adjoint is written once below, so the first touch may write.
    const auto adjoint = tape.accumulate(qkv_);
    const ArenaScope scope(tape.arena());
    Real* ds = tape.arena().template allocate<Real>(s.t * s.t);
    for (std::int64_t n = 0; n < tape.batch(); ++n) {
      for (std::int64_t h = 0; h < heads_; ++h) {
        const std::int64_t at = n * s.t * s.in + 3 * s.d * h;
        const Real* q = tape.value(qkv_).data() + at;
        const Real *k = q + s.d, *v = k + s.d;
        Real* dq = adjoint.data + at;
        Real *dk = dq + s.d, *dv = dk + s.d;
        const Real* p = p_ + (n * heads_ + h) * s.t * s.t;
        const Real* dy = tape.adjoint(this->output).data() + n * s.t * s.out + s.d * h;
        blas::gemm(Transpose::kNo, Transpose::kYes, s.t, s.t, s.d, Real(1), dy, s.out, v, s.in,
                   Real(0), ds, s.t);
        kernels::softmax_rows_backward(p, ds, s.t, s.t);
        blas::gemm(Transpose::kYes, Transpose::kNo, s.t, s.d, s.t, Real(1), p, s.t, dy, s.out,
                   adjoint.beta, dv, s.in);
        blas::gemm(Transpose::kNo, Transpose::kNo, s.t, s.d, s.t, scale(s), ds, s.t, k, s.in,
                   adjoint.beta, dq, s.in);
        blas::gemm(Transpose::kYes, Transpose::kNo, s.t, s.d, s.t, scale(s), ds, s.t, q, s.in,
                   adjoint.beta, dk, s.in);
      }
    }
  }

 private:
  struct Sizes {
    std::int64_t t, d, in, out;  // positions, width of a head, 3C, C
  };
  Sizes sizes(const Tape<Real>& tape) const {
    const Shape& shape = tape.shape(qkv_);
    const std::int64_t channels = shape.columns() / 3;
    return {shape.row_size() / shape.columns(), channels / heads_, shape.columns(), channels};
  }
  static Real scale(const Sizes& s) {
    return static_cast<Real>(1 / std::sqrt(static_cast<double>(s.d)));
  }

  Value qkv_;
  std::int64_t heads_;
  Real* p_ = nullptr;
};

}  // namespace

template <class Real>
Value attention(Tape<Real>& tape, Value qkv, std::int64_t heads) {
  const Shape& shape = tape.shape(qkv);
  check(shape.rank() == 3 && shape.row_size() >= 1, "attention",
        [&] { return "qkv is " + shape.to_string() + ", expected BxTx3C"; });
  check(heads >= 1 && shape.columns() % (3 * heads) == 0, "attention", [&] {
    return "qkv has " + std::to_string(shape.columns()) + " columns, expected a multiple of 3 x " +
           std::to_string(heads) + ": q, k and v for each head";
  });
  return tape.record(Attention<Real>(qkv, heads), shape.with_columns(shape.columns() / 3), {qkv});
}

template Value attention(Tape<float>&, Value, std::int64_t);
template Value attention(Tape<double>&, Value, std::int64_t);

}  // namespace gradvar
