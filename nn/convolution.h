// convolution: the layers of an image network, with PyTorch's names and fresh weights. Channels are
// the last axis of every value; weights have PyTorch's shapes.
//
//   Convolution<float> conv(parameters, "in", {.in = 3, .out = 32});
//                                                   // in.weight [32,3,3,3], in.bias [32]
//   Value y = conv.forward(tape, x);                // x [B,H,W,3], y [B,H,W,32]
//   Normalization<float> norm(parameters, "out.0", 32, 32);
//                                                   // out.0.weight [32], out.0.bias [32]
//
// As in linear.h a layer holds handles of its parameters and can be copied freely.
#pragma once

#include <cstdint>
#include <string>

#include "autograd/parameters.h"
#include "autograd/tape.h"

namespace gradvar {

struct ConvolutionOptions {
  std::int64_t in = 0, out = 0;  // channels
  std::int64_t kernel = 3;       // 1 or 3, padded so that stride 1 keeps the size
  std::int64_t stride = 1;       // 1 or 2
  int axes = 2;                  // of the positions: 2 as nn.Conv2d, or 1 as nn.Conv1d, kernel 1
  bool zero = false;             // fresh weights and bias are zero: the last layer of a branch
};

template <class Real>
class Convolution {
 public:
  // nn.Conv2d(in, out, kernel, stride, padding=kernel // 2): adds weight [out,in,kernel,kernel] and
  // bias [out]. With one axis nn.Conv1d(in, out, 1), weight [out,in,1].
  Convolution(ParameterSet<Real>& parameters, const std::string& prefix,
              const ConvolutionOptions& options);
  // x [B,H,W,in] to y [B,H/stride,W/stride,out], rounded up; with one axis x [B,T,in] to y
  // [B,T,out].
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x) const;
  // nn.Conv2d's default, U(-1/sqrt(k), 1/sqrt(k)) with k = in kernel^2; or zeros.
  void initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const;

 private:
  ConvolutionOptions options_;
  ParameterId weight_, bias_;
};

// nn.GroupNorm(groups, channels): weight [channels], fresh ones; bias [channels], fresh zeros.
template <class Real>
class Normalization {
 public:
  Normalization(ParameterSet<Real>& parameters, const std::string& prefix, std::int64_t channels,
                std::int64_t groups);
  // x [B,...,channels], y like it.
  [[nodiscard]] Value forward(Tape<Real>& tape, Value x) const;
  void initialise(ParameterSet<Real>& parameters, std::uint64_t seed) const;

 private:
  std::int64_t groups_;
  ParameterId weight_, bias_;
};

}  // namespace gradvar
