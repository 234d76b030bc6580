// weights: parameters to a safetensors file and back.
//
// Every parameter is one tensor of the file, under its own name and in its own shape, so that a
// PyTorch state_dict saved as safetensors loads here and the other way round. A file must hold
// exactly the parameters of the model: what is missing, extra or of another shape is named in one
// sentence, the first three of each with how many more there are, and then nothing is changed.
// Padding is not written.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "autograd/parameters.h"

namespace gradvar {

// Writes the whole file or nothing (io/safetensors.h). Throws std::invalid_argument when the path
// cannot be written.
template <class Real>
void save_weights(const std::filesystem::path& path, const ParameterSet<Real>& parameters,
                  const std::map<std::string, std::string>& metadata = {});
// Fills the set; tensors of the other precision are converted. Returns the file's metadata. Throws
// std::invalid_argument when the file is damaged or does not fit.
template <class Real>
std::map<std::string, std::string> load_weights(const std::filesystem::path& path,
                                                ParameterSet<Real>& parameters);

// The same for several flat blocks of one layout in a file, as optimiser states are: the tensor of
// a parameter is called prefix + its name, "exp_avg/net.0.weight".
template <class Real>
struct NamedBlock {
  std::string prefix;
  std::span<Real> flat;  // over the layout
};
template <class Real>
void save_blocks(const std::filesystem::path& path, const ParameterLayout& layout,
                 std::span<const NamedBlock<const Real>> blocks,
                 const std::map<std::string, std::string>& metadata);
template <class Real>
std::map<std::string, std::string> load_blocks(const std::filesystem::path& path,
                                               const ParameterLayout& layout,
                                               std::span<const NamedBlock<Real>> blocks);

}  // namespace gradvar
