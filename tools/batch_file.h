// batch_file: the batch that other programs hand over, and the checks it must pass.
//
//   x0, x1 [B,...]   t [B]   z [B,...] (when the interpolant has noise)   weight [B] (optional)
#pragma once

#include <string>
#include <vector>

#include "autograd/tensor.h"
#include "flow/interpolant.h"

namespace gradvar {

template <class Real>
struct BatchFile {
  Tensor<Real> x0, x1, t, z, weight;  // z and weight are empty when not there
};

// Throws std::invalid_argument naming the file and the tensor for what is missing, unknown,
// misshapen or not finite, for t outside [0, 1] for negative weights and
// for weights that are all 0.
template <class Real>
[[nodiscard]] BatchFile<Real> read_batch(const std::string& path, const Interpolant& interpolant);

// A tensor of a file with all its values finite; the error names the row.
class SafetensorsFile;
template <class Real>
[[nodiscard]] Tensor<Real> finite_tensor(const SafetensorsFile& file, const std::string& name);

// Refuses a file that holds tensors of other names than these.
void allow_only(const SafetensorsFile& file, const std::vector<std::string>& names);

}  // namespace gradvar
