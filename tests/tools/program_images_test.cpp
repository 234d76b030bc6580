// gradvar images, and what a folder of bad images does to it and to train.

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include "data/faces.h"
#include "io/image_file.h"
#include "io/npy.h"
#include "program.h"
#include "tests/io/image_bytes.h"

namespace gradvar::testing::program_images_test {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Everything that a folder has been seen to hold: five images that are fine, however odd, and the
// others, with the sentence for each.
std::vector<std::string> write_zoo(const ScratchDirectory& scratch) {
  fs::create_directory(scratch.path("zoo"));
  const auto write = [&](const std::string& name, const std::string& bytes) {
    scratch.write("zoo/" + name, bytes);
  };
  const std::string png = png_bytes(3, 2, 3, Bytes(18, 5));
  const std::string jpeg = jpeg_bytes(2, 2, 3, Bytes(12, 5));
  write("16-bit.png", png_of_16_bits(0x8012));
  write("alpha.png", png_bytes(2, 2, 4, Bytes(16, 7)));
  write("colour.JPG", jpeg);
  write("grey.png", png_bytes(4, 3, 1, Bytes(12, 9)));
  write("one.png", png_bytes(1, 1, 3, {1, 2, 3}));
  std::string cmyk = jpeg;
  cmyk[cmyk.find("\xFF\xC0") + 9] = 4;
  write("cmyk.jpg", cmyk);
  write("cut.jpg", jpeg.substr(0, jpeg.size() - 2));
  write("cut.png", png.substr(0, png.size() - 20));  // within its data
  write("empty.png", "");
  write("huge.png", png_header(40000, 40000));
  write("text.png", "a text by another name");
  fs::create_symlink("loop.png", scratch.path("zoo/loop.png"));
  std::vector<std::string> sentences = {
      "zoo/cmyk.jpg: the JPEG has 4 colours (CMYK), expected grey or three: convert it to RGB "
      "first",
      "zoo/cut.jpg: the JPEG ends before its last marker: cut off",
      "zoo/cut.png: the PNG ends within a chunk: cut off",
      "zoo/empty.png: the file is empty, expected a PNG or JPEG",
      "zoo/huge.png: the image is 40000x40000, expected 1 to 16384 pixels on a side and at most "
      "67108864 in all",
      "cannot read 'zoo/loop.png': Too many levels of symbolic links",
      "zoo/text.png: the file is neither PNG nor JPEG, whatever its name says"};
  if (::geteuid() != 0) {  // nothing is closed to root
    write("closed.png", png);
    fs::permissions(scratch.path("zoo/closed.png"), fs::perms::none);
    sentences.insert(sentences.begin(), "cannot read 'zoo/closed.png': Permission denied");
  }
  return sentences;
}

TEST(ProgramImages, NamesEveryBadImageAndLosesNone) {
  const ScratchDirectory scratch;
  const std::vector<std::string> sentences = write_zoo(scratch);
  std::string named;
  for (const std::string& sentence : sentences) named += "skipped " + sentence + '\n';
  named += "skipped " + std::to_string(sentences.size()) + " images of 'zoo', 5 are left\n";
  for (const char* time : {"once", "and again, since some of it was closed"}) {
    const Outcome outcome =
        run_gradvar(scratch, "images --source images:dir=zoo,size=8 --out grid.png");
    EXPECT_EQ(outcome.status, 0) << time;
    EXPECT_EQ(outcome.err, named) << time;
    EXPECT_EQ(outcome.out, "5 images of 3x8x8, from files 1 to 4 wide, 1 to 3 high; skipped " +
                               std::to_string(sentences.size()) + "\nthe first 5 to grid.png\n");
    EXPECT_FALSE(scratch.has("zoo/.gradvar-images-8.cache")) << time;
  }
  EXPECT_EQ(scratch.names(), (std::vector<std::string>{"grid.png", "zoo"}));
  EXPECT_GT(read_image(scratch.path("grid.png").string()).width, 5 * 64);
}

TEST(ProgramImages, NamesBadImagesFromTheCacheAsTheFolderIsSpelledNow) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch.path("zoo"));
  scratch.write("zoo/one.png", png_bytes(1, 1, 3, {1, 2, 3}));
  scratch.write("zoo/two\nlines.png", "");
  for (const std::string directory : {"zoo", "zoo/../zoo"}) {
    const Outcome outcome = run_gradvar(scratch, "images --source images:dir=" + directory);
    EXPECT_EQ(outcome.err, "skipped " + directory +
                               "/two?lines.png: the file is empty, expected a PNG or JPEG\n"
                               "skipped 1 images of '" +
                               directory + "', 1 are left\n");
    EXPECT_TRUE(scratch.has("zoo/.gradvar-images-32.cache"));
  }
}

TEST(ProgramImages, ACountTakesTheFirstFiles) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch.path("zoo"));
  for (const char* name : {"a", "b", "c"}) {
    scratch.write(std::string("zoo/") + name + ".png", png_bytes(1, 1, 3, {1, 2, 3}));
  }
  const Outcome two = run_gradvar(scratch, "images --source images:dir=zoo,size=8,count=2 --json");
  ASSERT_EQ(two.status, 0) << two.err;
  const auto json = nlohmann::json::parse(two.out);
  EXPECT_EQ(json["images"], 2);
  // What says what the set is reads it again.
  EXPECT_EQ(json["source"], "images:dir=zoo,size=8,count=2,strict=false");
  EXPECT_EQ(
      run_gradvar(scratch, "images --source " + json["source"].get<std::string>() + " --json").out,
      two.out);
  EXPECT_EQ(run_gradvar(scratch, "images --source celeba:dir=zoo,count=-1").err,
            "gradvar: --source: [celeba] count is -1, expected 1 or more, or 0 for all\n");
}

// All of each file a hole, so that it takes no disk.
TEST(ProgramImages, RefusesMnistAndCifar10ThatDoNotFitBeforeTheyAreRead) {
  const ScratchDirectory scratch;
  const auto expect_refusal = [&](const std::string& source, const std::string& sentence) {
    const Outcome outcome = run_gradvar(scratch, "images --source " + source);
    EXPECT_EQ(outcome.status, 2) << source;
    EXPECT_NE(outcome.err.find("--source: " + sentence), std::string::npos) << outcome.err;
  };
  scratch.write("digits", "");
  fs::resize_file(scratch.path("digits"), 4'000'000'000'000);
  expect_refusal("mnist:file=digits",
                 "[mnist] images in 4 TB of files take 36 TB, this machine has ");
  for (const char* name : {"data_batch_2.bin", "data_batch_5.bin"}) {
    scratch.write(name, "");
    fs::resize_file(scratch.path(name), 2'000'000'000'000);
  }
  expect_refusal("cifar10:dir=.",
                 "[cifar10] images in 4 TB of files take 36 TB, this machine has ");
  // What has no size is left to its reader.
  expect_refusal("mnist:file=none", "cannot read 'none': No such file or directory");
}

TEST(ProgramImages, StrictRefusesTheFolderForItsFirstBadImage) {
  const ScratchDirectory scratch;
  const std::string first = write_zoo(scratch).front();
  for (const char* words : {"images --source images:dir=zoo --strict --out grid.png",
                            "images --source images:dir=zoo,strict=1 --out grid.png"}) {
    const Outcome outcome = run_gradvar(scratch, words);
    EXPECT_EQ(outcome.status, 2) << words;
    EXPECT_EQ(outcome.err, "gradvar: --source: " + first + '\n') << words;
  }
  const Outcome train = run_gradvar(scratch,
                                    "train --source gaussian:shape=3x8x8 --target "
                                    "images:dir=zoo,size=8 --strict --steps 1 --out run");
  EXPECT_EQ(train.status, 2);
  EXPECT_EQ(train.err, "gradvar: --target: " + first + '\n');
  EXPECT_EQ(scratch.names(), std::vector<std::string>{"zoo"});
  EXPECT_EQ(
      run_gradvar(scratch, "images --source faces --strict").err,
      "gradvar: --source: 'faces' is no folder of images, which is what --strict goes with\n");
}

TEST(ProgramImages, SaysWhatASetHolds) {
  const ScratchDirectory scratch;
  const Outcome faces =
      run_gradvar(scratch, "images --source faces:count=3,size=8 --count 2 --out f.png --json");
  ASSERT_EQ(faces.status, 0) << faces.err;
  const auto json = nlohmann::json::parse(faces.out);
  EXPECT_EQ(json["images"], 3);
  EXPECT_EQ(json["in_picture"], 2);
  EXPECT_EQ(json["size"], 8);
  EXPECT_TRUE(scratch.has("f.png"));
  const Outcome endless = run_gradvar(scratch, "images --source faces:size=8");
  EXPECT_EQ(endless.out, "endlessly many images of 3x8x8\n");
}

TEST(ProgramImages, TellsTheParametersOfFaces) {
  const ScratchDirectory scratch;
  const auto faces_of = [&](const std::string& words) {
    const Outcome outcome = run_gradvar(scratch, "images " + words + " --json");
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return nlohmann::json::parse(outcome.out)["faces"];
  };
  const auto faces = faces_of("--source faces:count=3,size=8,seed=7 --count 2 --out f.png");
  ASSERT_EQ(faces.size(), 2U);
  const FaceParameters second = face_parameters(7, 1);
  EXPECT_EQ(faces[1].size(), 1U + FaceParameters::kCount);
  EXPECT_EQ(faces[1]["index"], 1);
  EXPECT_EQ(faces[1]["skin"], second.skin);
  EXPECT_EQ(faces[1]["smile"], second.smile);
  EXPECT_EQ(faces[1]["clothes_shade"], second.clothes_shade);
  EXPECT_EQ(faces_of("--source faces:count=3,size=8,seed=7").size(), 3U) << "no picture, all three";

  const auto drawn = faces_of("--source faces:size=8,seed=7 --count 2 --seed 4");
  ASSERT_EQ(drawn.size(), 2U);
  const Faces endless({.size = 8, .seed = 7});
  const std::uint32_t index = endless.index_of_draw(RandomStream(4, Purpose::kTarget), 0, 1);
  EXPECT_EQ(drawn[1]["index"], index);
  EXPECT_EQ(drawn[1]["smile"], face_parameters(7, index).smile);

  const Tensor<double> grey(Shape{2, 4});
  write_npy(scratch.path("grey.npy").string(), grey);
  EXPECT_TRUE(faces_of("--source npy:grey.npy").is_null()) << "no faces";
}

TEST(ProgramImages, NamesThatAreNoUtf8EndNothing) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch.path("zoo"));
  scratch.write("zoo/dog.png", png_bytes(3, 2, 3, Bytes(18, 5)));
  scratch.write("zoo/\xE9t\xE9.png", "no picture");
  const Outcome outcome = run_gradvar(scratch, "images --source images:dir=zoo,size=8 --json");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(nlohmann::json::parse(outcome.out)["skipped"][0],
            "zoo/\uFFFDt\uFFFD.png: the file is neither PNG nor JPEG, whatever its name says");
  const Outcome out =
      run_gradvar(scratch, "images --source faces:size=8 --count 2 --out \xE9.png --json");
  EXPECT_EQ(out.status, 0) << out.err;
}

TEST(ProgramImages, APictureThatIsTooLargeIsRefusedFirst) {
  const ScratchDirectory scratch;
  const Outcome outcome =
      run_gradvar(scratch, "images --source faces:size=8 --count 64000 --out f.png");
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.err,
            "gradvar: --count: [png] a grid of 519 x 519999 pixels, expected 268435456 or fewer in "
            "all\n");
}

TEST(ProgramImages, NeverWritesOverAPhotoItReads) {
  const ScratchDirectory scratch;
  fs::create_directory(scratch.path("photos"));
  const std::string dog = png_bytes(3, 2, 3, Bytes(18, 5));
  scratch.write("photos/dog.png", dog);
  const auto refused = [&](const std::string& words, const std::string& out) {
    const Outcome outcome = run_gradvar(scratch, words + " --out " + out);
    EXPECT_EQ(outcome.status, 2) << words;
    EXPECT_EQ(outcome.err, "gradvar: --out: cannot write '" + out +
                               "': every image of the folder 'photos' is read here, and it would "
                               "be one\n");
    EXPECT_EQ(scratch.read("photos/dog.png"), dog) << words;
  };
  refused("images --source images:dir=photos,size=8", "photos/dog.png");
  refused("images --source images:dir=photos,size=8", "photos/grid.png");
  refused("sample --model mlp --weights w.safetensors --count 3 --source images:dir=photos,size=8",
          "photos/dog.png");
  ASSERT_EQ(run_gradvar(scratch,
                        "train --source gaussian:shape=3x8x8 --target images:dir=photos,size=8 "
                        "--model unet:channels=8,mult=1-2,groups=4,attention=4 --pairs 2 --steps 1 "
                        "--batch 2 --evaluate-count "
                        "0 --out run")
                .status,
            0);
  refused("sample --run run --count 3", "photos/dog.png");
  refused("sample --run run --pairs 2", "photos/dog.png");
  refused("evaluate --run run", "photos/dog.jpg");
  fs::rename(scratch.path("photos"), scratch.path("run/samples"));
  fs::create_symlink("run/samples", scratch.path("photos"));
  EXPECT_EQ(run_gradvar(scratch,
                        "train --source gaussian:shape=3x8x8 --target images:dir=photos,size=8 "
                        "--samples-every 1 --resume --out run")
                .err,
            "gradvar: --out: cannot write 'run/samples/step-000000.png': every image of the folder "
            "'photos' is read here, and it would be one\n");
  EXPECT_EQ(run_gradvar(scratch, "sample --run run --count 3 --out photos/x.npy").status, 0);
  const Outcome within =
      run_gradvar(scratch,
                  "pairs --source gaussian:shape=3x8x8 --target images:dir=photos,size=8 --pairs 2 "
                  "--out photos/pairs.safetensors");
  EXPECT_EQ(within.status, 0) << within.err;
}

TEST(ProgramImages, RefusesWhatMakesNoPicture) {
  const ScratchDirectory scratch;
  const auto error = [&](const std::string& words) {
    const Outcome outcome = run_gradvar(scratch, "images " + words);
    EXPECT_EQ(outcome.status, 2) << words;
    EXPECT_EQ(outcome.out, "") << words;
    return outcome.err;
  };
  EXPECT_EQ(error("--source moons --out m.png"),
            "gradvar: --source: a sample has shape 2, expected square images of one color or "
            "three\n");
  EXPECT_EQ(error("--source faces --out f.jpg"), "gradvar: --out: 'f.jpg' should end in .png\n");
  EXPECT_EQ(error("--source images --out f.png"),
            "gradvar: --source: [images] the key dir is missing\n");
  const std::string unknown = error("--source imags:dir=x");
  EXPECT_TRUE(unknown.starts_with("gradvar: --source: [spec] the name 'imags' is unknown"))
      << unknown;
  EXPECT_EQ(scratch.names(), std::vector<std::string>{});
}

}  // namespace
}  // namespace gradvar::testing::program_images_test
