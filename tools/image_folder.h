// image_folder: the folder of images behind images:dir=PATH,size=32 or celeba:dir=PATH,size=64, or
// with count=N its first N files.
#pragma once

#include <string>

#include "data/image_set.h"
#include "io/spec.h"
#include "tools/progress.h"

namespace gradvar {

// Whether the spec is one of a folder.
[[nodiscard]] bool names_image_folder(const SpecReader& spec);

// The same spec with strict=true, unless it is no folder's or says itself what strict is.
[[nodiscard]] std::string with_strict(const std::string& spec);

// A folder read as its spec says.
struct SpecifiedFolder {
  ImageFolderOptions options;
  ImageFolder images;
};

// What cannot fit into memory is refused before an image is opened. Decoding shows its progress.
// What is left out is named on standard error, since a smaller set is another law. Throws
// std::invalid_argument for a bad spec and everything that read_image_folder refuses.
[[nodiscard]] SpecifiedFolder read_specified_folder(SpecReader& spec,
                                                    ProgressMode mode = ProgressMode::kSilent);

}  // namespace gradvar
