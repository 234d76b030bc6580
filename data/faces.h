// faces: portraits drawn from a few numbers, so that images can be had without a download.
//
// A face is a function of FaceParameters, all of them continuous: skin, hair, eyes, brows, nose,
// mouth, pose, light and background. Face i of a seed has the parameters face_parameters(seed, i),
// so that what a picture should look like is known, and generalisation can be held against the
// truth. Shapes are level sets of smooth distance functions, blended over about one pixel: a
// picture changes continuously with every parameter, and sizes agree with each other.
//
// A sample is [3,size,size], numbers in [-1,1]: red, green, blue plane, each row by row from the
// top left corner.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "data/distribution.h"

namespace gradvar {

// Each in [0,1], independent and uniform; 0.5 is the middle of its range.
struct FaceParameters {
  double skin, warmth;                               // dark to light; pale to ruddy
  double hair_shade, hair_hue;                       // black to fair; grey to red
  double hair_length, hair_volume, fringe, parting;  // of the hair's outline
  double eye_hue, eye_size, eye_gap, eye_open;       // iris from brown to blue
  double brow_weight, brow_tilt;                     // frowning to raised
  double nose_width, nose_length;
  double mouth_width, smile, mouth_open, lip;  // smile: down to up; lip: skin to red
  double face_width, face_height, jaw;
  double yaw, tilt, shift_x, shift_y, zoom;  // of the head
  double light_angle, light_strength;
  double background_hue, background_shade, clothes_hue, clothes_shade;

  static constexpr int kCount = 34;
};

// Their names, in the order above.
struct FaceParameter {
  const char* name;
  double FaceParameters::*value;
};
[[nodiscard]] std::span<const FaceParameter, FaceParameters::kCount> face_parameter_names();

// Parameters of face `index`: the same for any size and in any order.
[[nodiscard]] FaceParameters face_parameters(std::uint64_t seed, std::uint32_t index);
// Draws it into out [3 size^2].
void draw_face(const FaceParameters& face, std::int64_t size, std::span<double> out);

struct FacesOptions {
  std::int64_t count = 0;  // how many there are; 0: one for each 32-bit number
  std::int64_t size = 32;  // pixels along a side
  std::uint64_t seed = 1;
};

class Faces final : public Distribution {
 public:
  // With a count, draws them all. Throws std::invalid_argument unless count is 0 to 1,000,000 and
  // size is 8 to 512.
  explicit Faces(const FacesOptions& options);

  [[nodiscard]] Shape sample_shape() const override {
    return Shape{3, options_.size, options_.size};
  }
  [[nodiscard]] std::string spec() const override;
  [[nodiscard]] std::uint64_t seed() const { return options_.seed; }
  // Which face of the seed a draw of that step and sample is.
  [[nodiscard]] std::uint32_t index_of_draw(const RandomStream& stream, std::uint64_t step,
                                            std::uint32_t sample) const;
  // [count,3,size,size], or null when there is no end to them.
  [[nodiscard]] const Tensor<double>* points() const override {
    return options_.count > 0 ? &points_ : nullptr;
  }

 protected:
  // One of the faces, uniform with replacement.
  void draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                std::span<double> out) const override;

 private:
  FacesOptions options_;
  Tensor<double> points_;
};

}  // namespace gradvar
