#include "nn/mlp.h"

#include "autograd/check.h"
#include "autograd/ops.h"
#include "io/spec.h"

namespace gradvar {

namespace {

constexpr double kTimeScale = 1000;  // see mlp.h

void expect_key(bool holds, const std::string& key, std::int64_t found,
                const std::string& expected) {
  check(holds, "mlp",
        [&] { return key + " is " + std::to_string(found) + ", expected " + expected; });
}

}  // namespace

void MlpOptions::validate() const {
  expect_key(dim >= 1, "dim", dim, "1 or more");
  expect_key(width >= 1, "width", width, "1 or more");
  expect_key(depth >= 0, "depth", depth, "0 or more");
  if (time == TimeInput::sinusoidal) {
    expect_key(time_dim >= 2 && time_dim % 2 == 0, "time-dim", time_dim,
               "an even number of 2 or more");
  }
  if (tied) expect_key(depth >= 2, "depth", depth, "2 or more, as tied=true shares hidden layers");
}

std::string MlpOptions::spec() const {
  SpecWriter writer("mlp");
  writer.integer("dim", dim)
      .integer("width", width)
      .integer("depth", depth)
      .word("activation", activation_name(activation))
      .word("time", time == TimeInput::column ? "column" : "sinusoidal");
  if (time == TimeInput::sinusoidal) writer.integer("time-dim", time_dim);
  if (tied) writer.flag("tied", tied);
  return writer.text();
}

MlpOptions MlpOptions::parse(std::string_view spec) {
  SpecReader reader(spec);
  reader.expect_name("mlp");
  reader.require("dim");
  MlpOptions options;
  options.dim = reader.integer("dim", options.dim);
  options.width = reader.integer("width", options.width);
  options.depth = reader.integer("depth", options.depth);
  options.activation = parse_activation(reader.word("activation", "selu"));
  const std::string time = reader.word("time", "column");
  check(time == "column" || time == "sinusoidal", "mlp",
        [&] { return "time is '" + time + "', expected column or sinusoidal"; });
  if (time == "sinusoidal") {
    options.time = TimeInput::sinusoidal;
    options.time_dim = reader.integer("time-dim", options.time_dim);
  }
  options.tied = reader.flag("tied", options.tied);
  reader.done();
  options.validate();
  return options;
}

template <class Real>
Mlp<Real>::Mlp(const MlpOptions& options) : options_(options) {
  options_.validate();
  const std::int64_t time_columns = options_.time == TimeInput::column ? 1 : options_.time_dim;
  std::int64_t in = options_.dim + time_columns;
  for (std::int64_t k = 0; k < options_.depth; ++k) {
    if (options_.tied && k >= 2) {
      layers_.push_back(layers_[1]);
    } else {
      layers_.emplace_back(this->parameters_, "net." + std::to_string(2 * k), in, options_.width);
    }
    in = options_.width;
  }
  layers_.emplace_back(this->parameters_, "net." + std::to_string(2 * options_.depth), in,
                       options_.dim);
}

template <class Real>
Value Mlp<Real>::forward(Tape<Real>& tape, Value x, Value t) const {
  const Shape& xs = tape.shape(x);
  const Shape& ts = tape.shape(t);
  check(xs.rank() == 2 && xs[1] == options_.dim, "mlp",
        [&] { return "x is " + xs.to_string() + ", expected Bx" + std::to_string(options_.dim); });
  check((ts == Shape{xs[0], 1}), "mlp", [&] {
    return "t is " + ts.to_string() + ", expected " + Shape{xs[0], 1}.to_string();
  });
  const Value time = options_.time == TimeInput::column
                         ? t
                         : time_embedding(tape, t, options_.time_dim, Real(kTimeScale));
  Value h = concat(tape, {x, time});
  for (std::size_t k = 0; k + 1 < layers_.size(); ++k) {
    h = activate(tape, layers_[k].forward(tape, h), options_.activation);
  }
  return layers_.back().forward(tape, h);
}

template <class Real>
void Mlp<Real>::initialise(std::uint64_t seed) {
  // A tied layer is filled once a use, each time with the same numbers.
  for (const Linear<Real>& layer : layers_) layer.initialise(this->parameters_, seed);
}

template class Mlp<float>;
template class Mlp<double>;

}  // namespace gradvar
