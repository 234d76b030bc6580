// gradvar images: the first images of a set as one picture, and what a folder of them holds.

#include <algorithm>
#include <iostream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "data/faces.h"
#include "io/png.h"
#include "tools/choices.h"
#include "tools/commands/commands.h"
#include "tools/commands/options.h"
#include "tools/file_guard.h"
#include "tools/image_folder.h"
#include "tools/json_text.h"
#include "tools/limits.h"

namespace gradvar::commands {

namespace {

struct ImagesCommand {
  std::string source, out;
  std::int64_t count = 64, columns = 8, seed = 0;
  bool strict = false;
  OutputOptions output;
};

// A set of images, and the folder they are from where that is one.
struct ImageSource {
  std::unique_ptr<Distribution> law;
  std::vector<std::string> skipped;
  std::string sizes;  // of the files, "178x218 pixels"; empty where there are none
};

std::string range(std::int64_t least, std::int64_t most) {
  return least == most ? std::to_string(least)
                       : std::to_string(least) + " to " + std::to_string(most);
}

// Nothing where the source is no folder.
std::optional<ImageSource> open_folder(const ImagesCommand& options) {
  SpecReader spec(options.strict ? with_strict(options.source) : options.source);
  if (!names_image_folder(spec)) {
    if (!options.strict) return std::nullopt;
    throw std::invalid_argument("'" + spec.name() +
                                "' is no folder of images, which is what --strict goes with");
  }
  SpecifiedFolder folder = read_specified_folder(spec, options.output.progress());
  const ImageFolder& images = folder.images;
  return ImageSource{.law = std::make_unique<PointSet>(image_points(images, folder.options)),
                     .skipped = images.skipped,
                     .sizes = range(images.least_width, images.most_width) + " wide, " +
                              range(images.least_height, images.most_height) + " high"};
}

ImageSource open_source(const ImagesCommand& options) {
  std::optional<ImageSource> folder = for_option("--source", [&] { return open_folder(options); });
  if (folder) return *std::move(folder);
  return {.law = make_distribution("--source", options.source), .skipped = {}, .sizes = {}};
}

RandomStream draws(const ImagesCommand& options) {
  return RandomStream(static_cast<std::uint64_t>(options.seed), Purpose::kTarget);
}

// The first points of a finite set, else draws.
Tensor<double> first_images(const ImagesCommand& options, const Distribution& law) {
  if (const Tensor<double>* points = law.points()) {
    return points->rows_copy(0, std::min(options.count, points->rows()));
  }
  check_memory("--count:", std::to_string(options.count) + " images",
               sizeof(double) * static_cast<double>(options.count) *
                   static_cast<double>(law.sample_shape().size()));
  return law.draw(draws(options), 0, 0, options.count);
}

// Of the first images, where they are drawn faces: all there is to know about each.
nlohmann::json face_list(const ImagesCommand& options, const Faces& faces, std::int64_t count) {
  nlohmann::json list = nlohmann::json::array();
  for (std::int64_t n = 0; n < count; ++n) {
    const auto sample = static_cast<std::uint32_t>(n);
    const std::uint32_t index =
        faces.points() != nullptr ? sample : faces.index_of_draw(draws(options), 0, sample);
    const FaceParameters face = face_parameters(faces.seed(), index);
    nlohmann::json one = {{"index", index}};
    for (const FaceParameter& parameter : face_parameter_names()) {
      one[parameter.name] = face.*parameter.value;
    }
    list.push_back(std::move(one));
  }
  return list;
}

void run(const ImagesCommand& options) {
  if (!options.out.empty()) {
    if (!options.out.ends_with(".png")) {
      throw std::invalid_argument("--out: '" + options.out + "' should end in .png");
    }
    check_writable("--out", options.out, Inputs().spec(options.source));
  }
  const ImageSource source = open_source(options);
  const Shape shape = source.law->sample_shape();
  const ImageSize size = square_image(shape.size());
  if (size.size == 0) {
    throw std::invalid_argument("--source: a sample has shape " + shape.to_string() +
                                ", expected square images of one color or three");
  }
  const Tensor<double>* points = source.law->points();
  const std::int64_t first =
      points != nullptr ? std::min(options.count, points->rows()) : options.count;
  const std::int64_t drawn = options.out.empty() ? 0 : first;
  if (drawn > 0) {
    const ImageGrid grid{.channels = size.channels, .columns = options.columns};
    for_option("--count", [&] { check_grid(drawn, shape.size(), grid); });
    write_png(options.out, first_images(options, *source.law), grid);
  }
  if (options.output.json) {
    nlohmann::json json = {{"source", source.law->spec()},
                           {"images", nullptr},
                           {"channels", size.channels},
                           {"size", size.size},
                           {"files", nullptr},
                           {"faces", nullptr},
                           {"skipped", source.skipped},
                           {"in_picture", drawn}};
    if (points != nullptr) json["images"] = points->rows();
    if (!source.sizes.empty()) json["files"] = source.sizes;
    if (const auto* faces = dynamic_cast<const Faces*>(source.law.get())) {
      json["faces"] = face_list(options, *faces, first);
    }
    std::cout << json_text(json) << '\n';
    return;
  }
  if (options.output.quiet) return;
  std::cout << (points != nullptr ? std::to_string(points->rows()) : "endlessly many")
            << " images of " << size.channels << "x" << size.size << "x" << size.size;
  if (!source.sizes.empty()) {
    std::cout << ", from files " << source.sizes << "; skipped " << source.skipped.size();
  }
  std::cout << '\n';
  if (drawn > 0) std::cout << "the first " << drawn << " to " << options.out << '\n';
}

}  // namespace

void add_images(CLI::App& app) {
  auto options = std::make_shared<ImagesCommand>();
  CLI::App* command =
      app.add_subcommand("images", "Look at images: what a set holds, and the first as a picture");
  command->footer(
      "Sets are spelled as for 'gradvar train': images:dir=PATH,size=32, celeba:dir=PATH, faces,\n"
      "cifar10:dir=PATH, mnist:file=PATH, and files of points that are square images. A file of a\n"
      "folder that cannot be read is named on standard error and left out; --strict refuses the\n"
      "folder for it instead.\n"
      "Of faces every parameter is known: --json names the first --count of them in 'faces', each\n"
      "with its index of the seed and its 34 parameters, which are uniform in [0,1].\n"
      "Examples\n"
      "  gradvar images --source faces:count=64,size=32,seed=1 --out faces.png\n"
      "  gradvar images --source images:dir=photos,size=32 --strict");
  add_text(*command, "--source", options->source, "SPEC", "the images, as for train")->required();
  add_text(*command, "--out", options->out, "FILE",
           "the picture, .png; none: only say what is there");
  add_whole(*command, "--count", options->count, 1, 1 << 16, "how many images, the first ones");
  add_whole(*command, "--columns", options->columns, 1, 1 << 10, "how many in a row");
  add_whole(*command, "--seed", options->seed, 0, std::numeric_limits<std::int64_t>::max(),
            "of draws, where a set has no end");
  command->add_flag("--strict", options->strict,
                    "refuse a folder for its first unreadable image, as strict=true in its spec");
  add_output_options(*command, options->output);
  command->callback([options] { run(*options); });
}

}  // namespace gradvar::commands
