// exif: how a camera was held when it took a JPEG, which phones write down instead of turning
// pixels.
#pragma once

#include <string_view>

#include "io/image_file.h"

namespace gradvar {

// Tag 0x0112 of the first directory of an Exif segment, 1 to 8; 1, as it is, where the segment has
// none, makes no sense or is of another kind.
[[nodiscard]] int exif_orientation(std::string_view segment);

// The image as that orientation means it to be seen: 2 and 4 are mirrored, 3 is upside down, 6 and
// 8 lie on a side, 5 and 7 are mirrored and lie on a side. REQUIRES: 1 <= orientation <= 8.
[[nodiscard]] Image turned_upright(const Image& image, int orientation);

}  // namespace gradvar
