// spec_numbers: the numbers behind a key of a spec: a list in quotes, or a file.
#pragma once

#include <string>

#include "autograd/tensor.h"
#include "io/spec.h"

namespace gradvar {

// "1", "1,2,3" (in quotes on the command line), or the numbers of a .npy or .csv file. Throws
// std::invalid_argument naming the spec and the key.
[[nodiscard]] Tensor<double> parse_numbers(const SpecReader& spec, const std::string& key,
                                           const std::string& text);
// Whether the text names such a file.
[[nodiscard]] bool is_numbers_file(const std::string& text);

}  // namespace gradvar
