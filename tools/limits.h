// limits: what cannot fit is refused before memory is taken, with the numbers that say why.
//
// The system hands out memory it does not have and ends the program later; a number with three
// zeros too many should be a sentence instead.
#pragma once

#include <cstdint>
#include <string>

namespace gradvar {

// Throws std::invalid_argument "<where> <what> take 16 TB, this machine has 15.6 GB" when that many
// bytes are more than the memory this process may use; where is "--pairs:" or "[mlp]". A double, so
// that a product of absurd numbers does not wrap around.
void check_memory(const std::string& where, const std::string& what, double bytes);

// Whether that many are not more than this process may use.
[[nodiscard]] bool fits_memory(double bytes);

// "512 bytes", "16 MB", "1.5 TB": powers of 1000, three digits.
[[nodiscard]] std::string bytes_text(double bytes);

}  // namespace gradvar
