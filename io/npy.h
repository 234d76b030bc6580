// npy: one array in NumPy's own file format.
//
//   6 bytes    \x93NUMPY
//   2 bytes    version 1.0, 2.0 or 3.0
//   2 bytes    (version 1.0; else 4) length of the header, little-endian
//   header     {'descr': '<f8', 'fortran_order': False, 'shape': (3, 2), }, spaces and a newline
//   data       the elements
// (numpy.lib.format describes it.) The header is read as what it is, three entries of a Python
// dictionary in any order, and anything else is refused with the file and the byte named.
#pragma once

#include <string>

#include "autograd/tensor.h"

namespace gradvar {

// Reads '<f4', '<f8', '<i4', '<i8' and '|u1'; an array in Fortran order only with up to two axes.
// Integers beyond 2^53 are rounded. Throws std::invalid_argument for a file that cannot be read,
// breaks the format, or has more or fewer bytes of data than its shape says.
[[nodiscard]] Tensor<double> read_npy(const std::string& path);

// Version 1.0, '<f4' or '<f8', C order. Atomic, see atomic_file.h.
template <class Real>
void write_npy(const std::string& path, const Tensor<Real>& values);

}  // namespace gradvar
