#include "data/image_set.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <utility>

#include "autograd/check.h"
#include "io/atomic_file.h"
#include "io/image_file.h"
#include "io/spec.h"

namespace gradvar {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kCacheStart = "gradvar-images 3\n";
constexpr std::int64_t kMostSize = 1024;
constexpr std::int64_t kCelebaWidth = 178, kCelebaHeight = 218, kCelebaSide = 148;

// FNV-1a, 64 bits.
std::uint64_t digest_of(std::string_view bytes, std::uint64_t digest = 0xCBF29CE484222325U) {
  for (const char byte : bytes) {
    digest = (digest ^ static_cast<std::uint8_t>(byte)) * 0x100000001B3U;
  }
  return digest;
}

std::vector<std::string> image_names(const std::string& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    if (names_image(entry->path())) names.push_back(entry->path().filename().string());
  }
  if (error) {
    throw std::invalid_argument("cannot read '" + directory + "': " + error.message());
  }
  if (names.empty()) refuse_file(directory, "the directory has no .png, .jpg or .jpeg");
  std::sort(names.begin(), names.end());
  return names;
}

// Of what a cache was made from. A file that is closed to us has the same digest once it is opened,
// so a folder with one has no cache.
std::uint64_t digest_of_folder(const std::string& directory,
                               const std::vector<std::string>& names) {
  std::uint64_t digest = digest_of("");
  for (const std::string& name : names) {
    const fs::path path = fs::path(directory) / name;
    std::error_code no_size, no_time;
    const std::uintmax_t size = fs::file_size(path, no_size);
    const auto time = fs::last_write_time(path, no_time).time_since_epoch().count();
    digest = digest_of(name + '\0' + (no_size ? "?" : std::to_string(size)) + ' ' +
                           (no_time ? "?" : std::to_string(time)) + '\n',
                       digest);
  }
  return digest;
}

// For a sentence on a line of its own: a file's name may hold anything.
std::string one_line(std::string text) {
  for (char& c : text) c = static_cast<unsigned char>(c) < ' ' || c == '\x7F' ? '?' : c;
  return text;
}

// A file whose bytes are no image, as the cache keeps it: the next may spell the directory
// otherwise.
struct BadFile {
  std::string name, reason;
};

std::string sentence_of(const BadFile& bad, const std::string& directory) {
  return one_line(BadImage((fs::path(directory) / bad.name).string(), bad.reason).what());
}

struct DecodedFolder {
  ImageFolder folder;
  std::vector<BadFile> bad;
  bool all_read = true;  // whatever was found in them
};

Image read_one(const std::string& path, const ImageFolderOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  // A pipe would wait for ever; what has no status is left to the reader, which says why.
  if (!error && fs::exists(status) && !fs::is_regular_file(status)) {
    refuse_file(path, "not a regular file");
  }
  Image image = read_image(path);
  if (options.celeba && (image.width != kCelebaWidth || image.height != kCelebaHeight)) {
    throw BadImage(path, "the image is " + std::to_string(image.width) + "x" +
                             std::to_string(image.height) + ", expected CelebA's aligned 178x218");
  }
  return image;
}

std::vector<std::uint8_t> cut(const Image& image, const ImageFolderOptions& options) {
  const std::int64_t side = options.celeba ? kCelebaSide : std::min(image.width, image.height);
  return crop_and_resize(image, (image.width - side) / 2, (image.height - side) / 2, side,
                         options.size);
}

// Takes a file's image into the ranges of widths and heights.
void widen(ImageFolder& folder, const Image& image) {
  const bool first = folder.count == 0;
  folder.least_width = first ? image.width : std::min(folder.least_width, image.width);
  folder.most_width = std::max(folder.most_width, image.width);
  folder.least_height = first ? image.height : std::min(folder.least_height, image.height);
  folder.most_height = std::max(folder.most_height, image.height);
}

std::string_view text_of(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Digest of the source, digest of what follows, count, number of bad files, ranges of widths and
// heights, names and reasons of bad files, then pixels. A zero ends a name: what no name can hold.
std::string pack(const ImageFolder& folder, const std::vector<BadFile>& bad_files,
                 std::uint64_t source) {
  std::string body = std::to_string(folder.count) + '\n' + std::to_string(bad_files.size()) + '\n';
  for (const std::int64_t pixels :
       {folder.least_width, folder.most_width, folder.least_height, folder.most_height}) {
    body += std::to_string(pixels) + '\n';
  }
  for (const BadFile& bad : bad_files) body += bad.name + '\0' + bad.reason + '\0';
  body += text_of(folder.pixels);
  return std::string(kCacheStart) + std::to_string(source) + '\n' +
         std::to_string(digest_of(body)) + '\n' + body;
}

// What comes before the next `end`, which is passed.
std::optional<std::string_view> next_part(std::string_view& bytes, char end) {
  const std::size_t length = bytes.find(end);
  if (length == std::string_view::npos) return std::nullopt;
  const std::string_view part = bytes.substr(0, length);
  bytes.remove_prefix(length + 1);
  return part;
}

// Nothing unless the cache is of this source and whole.
std::optional<ImageFolder> unpack(std::string_view bytes, std::uint64_t source,
                                  const ImageFolderOptions& options) {
  if (!bytes.starts_with(kCacheStart)) return std::nullopt;
  bytes.remove_prefix(kCacheStart.size());
  if (next_part(bytes, '\n') != std::to_string(source)) return std::nullopt;
  const std::optional<std::string_view> digest = next_part(bytes, '\n');
  if (!digest || *digest != std::to_string(digest_of(bytes))) return std::nullopt;
  ImageFolder folder;
  folder.from_cache = true;
  std::size_t bad_files = 0;
  const auto number = [&](auto& value) {
    const std::optional<std::string_view> line = next_part(bytes, '\n');
    return line &&
           std::from_chars(line->data(), line->data() + line->size(), value).ec == std::errc();
  };
  if (!number(folder.count) || !number(bad_files) || !number(folder.least_width) ||
      !number(folder.most_width) || !number(folder.least_height) || !number(folder.most_height)) {
    return std::nullopt;
  }
  for (std::size_t i = 0; i < bad_files; ++i) {
    const std::optional<std::string_view> name = next_part(bytes, '\0');
    const std::optional<std::string_view> reason = next_part(bytes, '\0');
    if (!name || !reason) return std::nullopt;
    const BadFile bad{.name = std::string(*name), .reason = std::string(*reason)};
    folder.skipped.push_back(sentence_of(bad, options.directory));
  }
  const std::int64_t image_bytes = 3 * options.size * options.size;
  if (bytes.size() != static_cast<std::size_t>(folder.count * image_bytes)) return std::nullopt;
  folder.pixels.assign(bytes.begin(), bytes.end());
  return folder;
}

DecodedFolder decode_folder(const ImageFolderOptions& options,
                            const std::vector<std::string>& names) {
  DecodedFolder decoded;
  ImageFolder& folder = decoded.folder;
  std::int64_t opened = 0;
  for (const std::string& name : names) {
    try {
      const Image image = read_one((fs::path(options.directory) / name).string(), options);
      const std::vector<std::uint8_t> pixels = cut(image, options);
      widen(folder, image);
      folder.pixels.insert(folder.pixels.end(), pixels.begin(), pixels.end());
      ++folder.count;
    } catch (const BadImage& error) {
      decoded.bad.push_back({.name = name, .reason = error.reason()});
      folder.skipped.push_back(sentence_of(decoded.bad.back(), options.directory));
    } catch (const std::invalid_argument& error) {
      decoded.all_read = false;
      folder.skipped.push_back(one_line(error.what()));
    }
    if (options.strict && !folder.skipped.empty()) return decoded;
    if (options.after_file) options.after_file(++opened);
  }
  return decoded;
}

std::string cache_of(const ImageFolderOptions& options) {
  // A file for each count: trying ten images must not cost the cache of all of them.
  const std::string first =
      options.count > 0 ? "-first-" + std::to_string(options.count) : std::string();
  return (fs::path(options.directory) /
          (std::string(".gradvar-") + (options.celeba ? "celeba-" : "images-") +
           std::to_string(options.size) + first + ".cache"))
      .string();
}

Tensor<double> points_of(std::string_view bytes, const Shape& shape) {
  Tensor<double> points(shape);
  for (std::int64_t i = 0; i < points.size(); ++i) {
    points[i] = static_cast<std::uint8_t>(bytes[static_cast<std::size_t>(i)]) / 127.5 - 1;
  }
  return points;
}

}  // namespace

bool names_image(const fs::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

ImageFolder read_image_folder(const ImageFolderOptions& options) {
  check(options.size >= 1 && options.size <= kMostSize, options.celeba ? "celeba" : "images",
        "size is " + std::to_string(options.size) + ", expected 1 to 1024");
  check(options.count >= 0, options.celeba ? "celeba" : "images",
        "count is " + std::to_string(options.count) + ", expected 1 or more, or 0 for all");
  std::vector<std::string> names = image_names(options.directory);
  if (options.count > 0 && options.count < static_cast<std::int64_t>(names.size())) {
    names.resize(static_cast<std::size_t>(options.count));
  }
  if (options.before_reading) options.before_reading(static_cast<std::int64_t>(names.size()));
  const std::uint64_t source = digest_of_folder(options.directory, names);
  const std::string cache = cache_of(options);
  std::error_code error;
  std::optional<ImageFolder> cached;
  if (fs::is_regular_file(cache, error)) {
    try {
      cached = unpack(read_file(cache), source, options);
    } catch (const std::invalid_argument&) {  // closed to us: decode again
    }
  }
  DecodedFolder decoded;
  if (!cached) decoded = decode_folder(options, names);
  ImageFolder& folder = cached ? *cached : decoded.folder;
  if (options.strict && !folder.skipped.empty()) {
    throw std::invalid_argument(folder.skipped.front());
  }
  if (folder.count == 0) {
    refuse_file(options.directory, "none of " + std::to_string(names.size()) +
                                       " images can be read; the first: " + folder.skipped.front());
  }
  if (!cached && decoded.all_read) {
    try {
      write_file(cache, pack(folder, decoded.bad, source));
    } catch (const std::invalid_argument&) {  // a folder that cannot be written goes without
    } catch (const DiskError&) {
    }
  }
  return std::move(folder);
}

PointSet image_points(const ImageFolder& folder, const ImageFolderOptions& options) {
  SpecWriter spec(options.celeba ? "celeba" : "images");
  spec.word("dir", options.directory).integer("size", options.size);
  if (options.count > 0) spec.integer("count", options.count);
  spec.flag("strict", options.strict);
  return PointSet(points_of(text_of(folder.pixels), {folder.count, 3, options.size, options.size}),
                  spec.text(), options.directory);
}

std::string cifar10_batch(const std::string& directory, int batch) {
  return (fs::path(directory) / ("data_batch_" + std::to_string(batch) + ".bin")).string();
}

PointSet read_cifar10(const std::string& directory) {
  constexpr std::size_t kRecord = 1 + 3 * 32 * 32;
  std::string pixels;
  std::int64_t count = 0;
  for (int batch = 1; batch <= kCifar10Batches; ++batch) {
    const std::string path = cifar10_batch(directory, batch);
    std::error_code error;
    if (fs::symlink_status(path, error).type() == fs::file_type::not_found) continue;
    const std::string bytes = read_file(path);
    if (bytes.empty() || bytes.size() % kRecord != 0) {
      refuse_file(path, "the file has " + std::to_string(bytes.size()) +
                            " bytes, expected records of 3073, a label and 3x32x32");
    }
    for (std::size_t at = 0; at < bytes.size(); at += kRecord, ++count) {
      if (static_cast<std::uint8_t>(bytes[at]) > 9) {
        refuse_file(path, "record " + std::to_string(at / kRecord + 1) +
                              " has a label above 9: not CIFAR-10's binary version");
      }
      pixels.append(bytes, at + 1, kRecord - 1);
    }
  }
  if (count == 0) refuse_file(directory, "the directory has no data_batch_1.bin to _5.bin");
  return PointSet(points_of(pixels, {count, 3, 32, 32}),
                  SpecWriter("cifar10").word("dir", directory).text(), directory);
}

PointSet read_mnist(const std::string& path) {
  constexpr std::uint32_t kImages = 2051;
  const std::string bytes = read_file(path);
  if (bytes.starts_with("\x1F\x8B")) {
    refuse_file(path, "the file is compressed by gzip: unpack it first, gunzip FILE");
  }
  std::uint32_t header[4] = {0, 0, 0, 0};  // magic, images, rows, columns
  if (bytes.size() < sizeof(header)) refuse_file(path, "the file ends within the header of IDX");
  for (std::size_t i = 0; i < sizeof(header); ++i) {
    header[i / 4] = header[i / 4] << 8 | static_cast<std::uint8_t>(bytes[i]);
  }
  if (header[0] != kImages) {
    refuse_file(path, "the magic number is " + std::to_string(header[0]) +
                          ", expected 2051, IDX of images" +
                          (header[0] == 2049 ? " (this file holds the labels)" : ""));
  }
  const double expected = static_cast<double>(header[1]) * header[2] * header[3];
  if (expected == 0 || expected != static_cast<double>(bytes.size() - sizeof(header))) {
    refuse_file(path, "the file has " + std::to_string(bytes.size() - sizeof(header)) +
                          " bytes of pixels, the header says " + std::to_string(header[1]) +
                          " images of " + std::to_string(header[2]) + "x" +
                          std::to_string(header[3]));
  }
  return PointSet(points_of(std::string_view(bytes).substr(sizeof(header)),
                            {header[1], 1, header[2], header[3]}),
                  SpecWriter("mnist").word("file", path).text(), path);
}

}  // namespace gradvar
