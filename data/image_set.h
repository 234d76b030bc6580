// image_set: images of a folder, of CIFAR-10 or of MNIST as a set of points, in [-1, 1].
//
//   x = pixel / 127.5 - 1, channels first: [N, 3, size, size], MNIST [N, 1, rows, columns]
//
// A folder is decoded once. What came out is packed into DIR/.gradvar-images-SIZE.cache (celeba:
// .gradvar-celeba-SIZE.cache; of the first N, -SIZE-first-N.cache), and read from there as long as
// names, sizes and times of change of the images taken are what they were, and the cache's own
// checksum holds. A folder that cannot be written goes without, and so does one in which a file
// could not be opened or read: that may change without a trace in the file's size and time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "data/point_set.h"

namespace gradvar {

struct ImageFolderOptions {
  std::string directory;
  std::int64_t size = 32;
  // CelebA's aligned images: 178x218, of which the centre 148x148 is taken, from column 15 and row
  // 35, as most papers do. Otherwise the largest square in the centre.
  bool celeba = false;
  std::int64_t count = 0;  // only the first so many files in the order of names; 0: all
  bool strict = false;     // refuse the folder for its first unreadable image
  // Called with how many files there are before the first is opened: the place to refuse what
  // cannot fit. What it throws goes through.
  std::function<void(std::int64_t files)> before_reading = {};
  // Called after each file with how many were opened so far; not when the cache is read. What it
  // throws goes through.
  std::function<void(std::int64_t files)> after_file = {};
};

struct ImageFolder {
  std::int64_t count = 0;
  // Of the images as they are in their files, before they are cut and resized.
  std::int64_t least_width = 0, most_width = 0, least_height = 0, most_height = 0;
  std::vector<std::uint8_t> pixels;  // [count, 3, size, size]
  std::vector<std::string> skipped;  // one sentence, a line, for each image left out
  bool from_cache = false;
};

// Whether a folder's file of that name is read: .png, .jpg or .jpeg, in small or capital letters.
[[nodiscard]] bool names_image(const std::filesystem::path& path);

// Every .png, .jpg and .jpeg of the directory (not of those in it), in the order of the names; with
// a count the first so many files, those that cannot be read among them.
// Throws std::invalid_argument when the directory cannot be read or no image is left, and with
// `strict` for the first image that cannot be read.
[[nodiscard]] ImageFolder read_image_folder(const ImageFolderOptions& options);

// The points of such a folder, with the spec that reads it again.
[[nodiscard]] PointSet image_points(const ImageFolder& folder, const ImageFolderOptions& options);

// data_batch_1.bin .. data_batch_5.bin of CIFAR-10's binary version, those that are there: records
// of a label and 3x32x32 bytes. Throws std::invalid_argument for a file that is no such thing.
[[nodiscard]] PointSet read_cifar10(const std::string& directory);
// The file of batch 1 to kCifar10Batches.
inline constexpr int kCifar10Batches = 5;
[[nodiscard]] std::string cifar10_batch(const std::string& directory, int batch);

// An IDX file of images (magic 2051): 4 sizes of 32 bits, big-endian, then bytes. A compressed file
// is refused, and so is one whose length is not what its header says.
[[nodiscard]] PointSet read_mnist(const std::string& path);

}  // namespace gradvar
