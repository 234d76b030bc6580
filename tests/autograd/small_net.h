// small_net: little networks on which the collectors are tested, one for each kind of factor.
//
//   kPlain     dense, silu, dense: T = 1 everywhere
//   kTied      one square weight used three times: shared weights
//   kTokens    dense layers over [B,T,I]: T > 1
//   kTiedTokens both at once
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "autograd/engine.h"
#include "autograd/ops.h"
#include "autograd/random.h"

namespace gradvar::testing {

enum class NetKind { kPlain, kTied, kTokens, kTiedTokens };

template <class Real>
class SmallNet {
 public:
  // spread: standard deviation of inputs and targets around a common value of 2 (0 when spread is
  // 1). A small one makes all samples alike, so that their mean gradient dwarfs its variation.
  SmallNet(NetKind kind, std::int64_t batch, double spread = 1) {
    const bool tokens = kind == NetKind::kTokens || kind == NetKind::kTiedTokens;
    const bool tied = kind == NetKind::kTied || kind == NetKind::kTiedTokens;
    positions_ = tokens ? 5 : 1;
    uses_ = tied ? 3 : 1;
    layers_ = {add("in", 7, 3), add("middle", 7, 7), add("out", 2, 7)};
    unused_ = add("unused", 3, 3);
    for (int k = 0; k < parameters.layout().count(); ++k) {
      fill(k, parameters.values(ParameterId{k}), 0.5);
    }
    x_ = Tensor<Real>(batch_shape(batch, 3));
    target_ = Tensor<Real>(batch_shape(batch, 2));
    fill(100, x_.values(), spread);
    fill(101, target_.values(), spread);
    if (spread < 1) {
      for (Real& value : x_.values()) value += Real(2);
      for (Real& value : target_.values()) value += Real(2);
    }
  }

  // The losses of the samples `first + rows`.
  typename Engine<Real>::BuildLosses losses(std::int64_t first = 0) const {
    return [this, first](Tape<Real>& tape, const LaneRows<Real>& rows) {
      Value h = tape.input(part(x_, first + rows.begin, rows.count), batch_shape(rows.count, 3));
      h = silu(tape, dense(tape, h, layers_[0].weight, layers_[0].bias));
      for (int use = 0; use < uses_; ++use) {
        h = silu(tape, dense(tape, h, layers_[1].weight, layers_[1].bias));
      }
      h = dense(tape, h, layers_[2].weight, layers_[2].bias);
      return squared_error(
          tape, h,
          tape.input(part(target_, first + rows.begin, rows.count), batch_shape(rows.count, 2)));
    };
  }

  ParameterSet<Real> parameters;

 private:
  struct Layer {
    ParameterId weight, bias;
  };
  Layer add(const std::string& name, std::int64_t out, std::int64_t in) {
    const ParameterId weight = parameters.add(name + ".weight", {out, in});
    return {weight, parameters.add(name + ".bias", {out})};
  }
  Shape batch_shape(std::int64_t batch, std::int64_t columns) const {
    return positions_ == 1 ? Shape{batch, columns} : Shape{batch, positions_, columns};
  }
  static std::span<const Real> part(const Tensor<Real>& all, std::int64_t begin,
                                    std::int64_t count) {
    return all.values().subspan(begin * all.row_size(), count * all.row_size());
  }
  static void fill(std::uint64_t step, std::span<Real> values, double scale) {
    std::vector<double> draws(values.size());
    RandomStream(3, Purpose::kTest).normals<double>(step, 0, draws);
    for (std::size_t i = 0; i < draws.size(); ++i) {
      values[i] = static_cast<Real>(scale * draws[i]);
    }
  }

  std::int64_t positions_ = 1;
  int uses_ = 1;
  std::vector<Layer> layers_;
  Layer unused_;
  Tensor<Real> x_, target_;
};

}  // namespace gradvar::testing
