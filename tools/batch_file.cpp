#include "tools/batch_file.h"

#include <algorithm>
#include <cmath>

#include "io/atomic_file.h"
#include "io/number_text.h"
#include "io/safetensors.h"
#include "io/spec.h"

namespace gradvar {

namespace {

void expect_shape(const SafetensorsFile& file, const std::string& name, const Shape& shape,
                  const Shape& expected) {
  if (shape == expected) return;
  refuse_file(file.path(), "the tensor '" + name + "' is " + shape.to_string() + ", expected " +
                               expected.to_string() + " to go with x0");
}

}  // namespace

void allow_only(const SafetensorsFile& file, const std::vector<std::string>& names) {
  for (const std::string& name : file.names()) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    refuse_file(file.path(), "unknown tensor '" + name + "', expected only " + list_of(names));
  }
}

template <class Real>
Tensor<Real> finite_tensor(const SafetensorsFile& file, const std::string& name) {
  if (!file.contains(name)) {
    refuse_file(file.path(), "the tensor '" + name + "' is missing");
  }
  Tensor<Real> tensor = file.tensor<Real>(name);
  for (std::int64_t i = 0; i < tensor.size(); ++i) {
    if (std::isfinite(tensor[i])) continue;
    refuse_file(file.path(),
                "row " + std::to_string(i / std::max<std::int64_t>(tensor.row_size(), 1)) +
                    " of the tensor '" + name + "' holds " +
                    number_text(static_cast<double>(tensor[i])) + ", expected finite numbers");
  }
  return tensor;
}

template <class Real>
BatchFile<Real> read_batch(const std::string& path, const Interpolant& interpolant) {
  const SafetensorsFile file = SafetensorsFile::read(path);
  allow_only(file, {"x0", "x1", "t", "z", "weight"});
  BatchFile<Real> batch;
  batch.x0 = finite_tensor<Real>(file, "x0");
  const Shape& shape = batch.x0.shape();
  if (shape.rank() < 2 || shape.rows() < 1) {
    refuse_file(path,
                "the tensor 'x0' is " + shape.to_string() + ", expected at least one sample, Bxd");
  }
  batch.x1 = finite_tensor<Real>(file, "x1");
  expect_shape(file, "x1", batch.x1.shape(), shape);
  batch.t = finite_tensor<Real>(file, "t");
  expect_shape(file, "t", batch.t.shape(), Shape{shape.rows()});
  for (std::int64_t n = 0; n < batch.t.size(); ++n) {
    if (batch.t[n] >= Real(0) && batch.t[n] <= Real(1)) continue;
    refuse_file(path, "t of sample " + std::to_string(n) + " is " +
                          number_text(static_cast<double>(batch.t[n])) + ", expected 0 to 1");
  }
  if (interpolant.needs_noise()) {
    if (!file.contains("z")) {
      refuse_file(path, "the interpolant " + interpolant.spec() +
                            " needs noise, and the tensor 'z' is missing");
    }
    batch.z = finite_tensor<Real>(file, "z");
    expect_shape(file, "z", batch.z.shape(), shape);
  }
  if (file.contains("weight")) {
    batch.weight = finite_tensor<Real>(file, "weight");
    expect_shape(file, "weight", batch.weight.shape(), Shape{shape.rows()});
    for (std::int64_t n = 0; n < batch.weight.size(); ++n) {
      if (batch.weight[n] >= Real(0)) continue;
      refuse_file(path, "the weight of sample " + std::to_string(n) + " is " +
                            number_text(static_cast<double>(batch.weight[n])) +
                            ", expected 0 or more");
    }
    if (std::all_of(batch.weight.values().begin(), batch.weight.values().end(),
                    [](Real weight) { return weight == Real(0); })) {
      refuse_file(path, "all weights are 0, expected at least one above");
    }
  }
  return batch;
}

template Tensor<float> finite_tensor(const SafetensorsFile&, const std::string&);
template Tensor<double> finite_tensor(const SafetensorsFile&, const std::string&);
template BatchFile<float> read_batch(const std::string&, const Interpolant&);
template BatchFile<double> read_batch(const std::string&, const Interpolant&);

}  // namespace gradvar
