#include "tools/image_folder.h"

#include <iostream>
#include <optional>

#include "tools/interrupt.h"
#include "tools/limits.h"

namespace gradvar {

bool names_image_folder(const SpecReader& spec) {
  return spec.name() == "images" || spec.name() == "celeba";
}

std::string with_strict(const std::string& spec) {
  const SpecReader reader(spec);
  if (!names_image_folder(reader) || reader.has("strict")) return spec;
  return spec + (spec.find(':') == std::string::npos ? ":" : ",") + "strict=true";
}

SpecifiedFolder read_specified_folder(SpecReader& spec, ProgressMode mode) {
  ImageFolderOptions o;
  o.celeba = spec.name() == "celeba";
  spec.require("dir");
  o.directory = spec.word("dir", "");
  o.size = spec.integer("size", o.celeba ? 64 : 32);
  o.count = spec.integer("count", 0);
  o.strict = spec.flag("strict", false);
  spec.done();
  const std::string where = "[" + spec.name() + "]";
  std::optional<Progress> progress;
  o.before_reading = [&](std::int64_t files) {
    // A byte of a pixel, and the number it becomes.
    constexpr double kBytes = 1 + sizeof(double);
    const auto size = static_cast<double>(o.size);
    check_memory(where,
                 std::to_string(files) + " images of 3x" + std::to_string(o.size) + "x" +
                     std::to_string(o.size) + " numbers",
                 kBytes * 3 * size * size * static_cast<double>(files));
    progress.emplace(mode, "read images", files, "file");
    progress->say_nothing_of_short_tasks();
  };
  o.after_file = [&](std::int64_t) {
    stop_if_interrupted("stopped; the images are not decoded yet, nothing was written");
    progress->advance();
  };
  ImageFolder images = read_image_folder(o);
  progress.reset();
  o.before_reading = o.after_file = {};
  for (const std::string& sentence : images.skipped) std::cerr << "skipped " << sentence << '\n';
  if (!images.skipped.empty()) {
    std::cerr << "skipped " << images.skipped.size() << " images of '" << o.directory << "', "
              << images.count << " are left\n";
  }
  return {.options = std::move(o), .images = std::move(images)};
}

}  // namespace gradvar
