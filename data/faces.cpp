#include "data/faces.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "autograd/check.h"
#include "io/spec.h"

namespace gradvar {

namespace {

constexpr std::string_view kFaces = "faces";
constexpr std::int64_t kMostFaces = 1'000'000;

constexpr FaceParameter kParameters[FaceParameters::kCount] = {
    {"skin", &FaceParameters::skin},
    {"warmth", &FaceParameters::warmth},
    {"hair_shade", &FaceParameters::hair_shade},
    {"hair_hue", &FaceParameters::hair_hue},
    {"hair_length", &FaceParameters::hair_length},
    {"hair_volume", &FaceParameters::hair_volume},
    {"fringe", &FaceParameters::fringe},
    {"parting", &FaceParameters::parting},
    {"eye_hue", &FaceParameters::eye_hue},
    {"eye_size", &FaceParameters::eye_size},
    {"eye_gap", &FaceParameters::eye_gap},
    {"eye_open", &FaceParameters::eye_open},
    {"brow_weight", &FaceParameters::brow_weight},
    {"brow_tilt", &FaceParameters::brow_tilt},
    {"nose_width", &FaceParameters::nose_width},
    {"nose_length", &FaceParameters::nose_length},
    {"mouth_width", &FaceParameters::mouth_width},
    {"smile", &FaceParameters::smile},
    {"mouth_open", &FaceParameters::mouth_open},
    {"lip", &FaceParameters::lip},
    {"face_width", &FaceParameters::face_width},
    {"face_height", &FaceParameters::face_height},
    {"jaw", &FaceParameters::jaw},
    {"yaw", &FaceParameters::yaw},
    {"tilt", &FaceParameters::tilt},
    {"shift_x", &FaceParameters::shift_x},
    {"shift_y", &FaceParameters::shift_y},
    {"zoom", &FaceParameters::zoom},
    {"light_angle", &FaceParameters::light_angle},
    {"light_strength", &FaceParameters::light_strength},
    {"background_hue", &FaceParameters::background_hue},
    {"background_shade", &FaceParameters::background_shade},
    {"clothes_hue", &FaceParameters::clothes_hue},
    {"clothes_shade", &FaceParameters::clothes_shade},
};

struct Colour {
  double r, g, b;
};

Colour mix(const Colour& a, const Colour& b, double share) {
  return {a.r + (b.r - a.r) * share, a.g + (b.g - a.g) * share, a.b + (b.b - a.b) * share};
}

Colour scaled(const Colour& c, double by) {
  return {std::min(c.r * by, 1.0), std::min(c.g * by, 1.0), std::min(c.b * by, 1.0)};
}

double between(double low, double high, double share) { return low + (high - low) * share; }

// Around the colour circle: hue in [0,1], saturation and value in [0,1].
Colour from_hue(double hue, double saturation, double value) {
  const auto channel = [&](double offset) {
    const double wave = 0.5 + 0.5 * std::cos(2 * M_PI * (hue - offset));
    return value * (1 - saturation + saturation * wave);
  };
  return {channel(0), channel(1.0 / 3), channel(2.0 / 3)};
}

// 0 below `from`, 1 above `to`, smooth between.
double smooth_step(double from, double to, double x) {
  const double t = std::clamp((x - from) / (to - from), 0.0, 1.0);
  return t * t * (3 - 2 * t);
}

// Distances, negative inside; about right near the outline, which is where they are used.
double ellipse(double x, double y, double rx, double ry) {
  const double length = std::hypot(x / rx, y / ry);
  const double slope = std::hypot(x / (rx * rx), y / (ry * ry));
  return slope > 1e-9 ? (length - 1) * length / slope : -std::min(rx, ry);
}
double capsule(double x, double y, double x0, double y0, double x1, double y1, double radius) {
  const double dx = x1 - x0, dy = y1 - y0;
  const double t = std::clamp(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0.0, 1.0);
  return std::hypot(x - x0 - t * dx, y - y0 - t * dy) - radius;
}
double box(double x, double y, double half_width, double half_height, double radius) {
  const double dx = std::abs(x) - half_width + radius, dy = std::abs(y) - half_height + radius;
  return std::hypot(std::max(dx, 0.0), std::max(dy, 0.0)) + std::min(std::max(dx, dy), 0.0) -
         radius;
}

// A face with its parameters turned into lengths and colours. Coordinates run from -1 to 1, x to
// the right, y down; the head is drawn upright around its centre.
class Portrait {
 public:
  Portrait(const FaceParameters& p, std::int64_t size)
      : p_(p),
        pixel_(2.0 / static_cast<double>(size)),
        cosine_(std::cos(between(-0.2, 0.2, p.tilt))),
        sine_(std::sin(between(-0.2, 0.2, p.tilt))),
        zoom_(between(0.92, 1.1, p.zoom)),
        width_(between(0.43, 0.53, p.face_width)),
        height_(between(0.56, 0.66, p.face_height)),
        yaw_(between(-1, 1, p.yaw)) {
    const Colour dark = {0.30, 0.18, 0.12}, medium = {0.76, 0.54, 0.40}, light = {1.0, 0.86, 0.75};
    skin_ = p.skin < 0.5 ? mix(dark, medium, 2 * p.skin) : mix(medium, light, 2 * p.skin - 1);
    skin_ = mix(skin_, {0.92, 0.48, 0.40}, 0.22 * p.warmth);
    const Colour brown = {0.32, 0.18, 0.09}, fair = {0.93, 0.78, 0.46};
    hair_ = p.hair_shade < 0.5 ? mix({0.06, 0.05, 0.06}, brown, 2 * p.hair_shade)
                               : mix(brown, fair, 2 * p.hair_shade - 1);
    hair_ = p.hair_hue < 0.3 ? mix(hair_, {0.72, 0.72, 0.74}, 1 - p.hair_hue / 0.3)
                             : mix(hair_, {0.66, 0.22, 0.08}, 0.6 * (p.hair_hue - 0.3));
    iris_ = mix({0.26, 0.14, 0.06}, {0.30, 0.55, 0.78}, p.eye_hue);
    lips_ = mix(scaled(skin_, 0.78), {0.78, 0.18, 0.24}, between(0.25, 0.9, p.lip));
    back_ = from_hue(p.background_hue, 0.45, between(0.35, 0.95, p.background_shade));
    clothes_ = from_hue(p.clothes_hue, 0.6, between(0.25, 0.85, p.clothes_shade));
  }

  [[nodiscard]] Colour at(double sx, double sy) const {
    const double cx = sx - between(-0.08, 0.08, p_.shift_x);
    const double cy = sy - between(-0.06, 0.06, p_.shift_y) + 0.02;
    const double x = (cosine_ * cx + sine_ * cy) / zoom_, y = (-sine_ * cx + cosine_ * cy) / zoom_;
    Colour c = scaled(back_, 1.0 - 0.22 * (sy + 1) / 2);
    c = over(c, scaled(hair_, 0.8), back_hair(x, y));
    c = over(c, scaled(skin_, 0.72), box(x, y - 0.62, 0.19, 0.32, 0.1));
    c = over(c, clothes_, ellipse(sx, sy - 1.32, 0.92, 0.52));
    c = ears(c, x, y);
    const double face = outline(x, y);
    c = over(c, lit(x, y), face);
    c = features(c, x, y);
    return over(c, lit_hair(x, y), front_hair(x, y));
  }

 private:
  // `top` where the distance is negative, over about a pixel's width.
  [[nodiscard]] Colour over(const Colour& below, const Colour& top, double distance,
                            double opacity = 1) const {
    const double edge = 0.75 * pixel_;
    return mix(below, top, opacity * (1 - smooth_step(-edge, edge, distance * zoom_)));
  }

  [[nodiscard]] double outline(double x, double y) const {
    const double down = std::max(y, 0.0) / height_;
    const double narrow = 1 - between(0.06, 0.3, p_.jaw) * down * down;
    return ellipse(x / narrow, y, width_, height_) * narrow;
  }
  [[nodiscard]] double back_hair(double x, double y) const {
    const double wide = width_ * between(1.1, 1.36, p_.hair_volume);
    const double cap = ellipse(x, y + 0.08, wide, height_ * between(1.06, 1.22, p_.hair_volume));
    const double length = between(0.05, 1.1, p_.hair_length);
    const double fall = box(x, y - (length - 0.3) / 2, wide, (length + 0.3) / 2, 0.2);
    return std::min(std::max(cap, y - std::max(length, 0.2)), fall);
  }
  // The part of the hair that lies over the forehead: the cap above a curved line.
  [[nodiscard]] double front_hair(double x, double y) const {
    const double wide = width_ * between(1.06, 1.26, p_.hair_volume);
    const double cap = ellipse(x, y + 0.06, wide, height_ * between(1.04, 1.2, p_.hair_volume));
    const double part = between(-0.7, 0.7, p_.parting) * width_;
    const double u = (x - part) / width_;
    const double line =
        -height_ * between(0.66, 0.40, p_.fringe) + 0.34 * height_ * u * u - 0.04 * yaw_ * u;
    return std::max(cap, (y - line) * 0.8);
  }

  [[nodiscard]] double light(double x, double y) const {
    const double nx = x / width_, ny = y / height_;
    const double nz = std::sqrt(std::max(1 - 0.8 * (nx * nx + ny * ny), 0.04));
    const double angle = between(-1.1, 1.1, p_.light_angle);
    const double lambert = 0.62 * std::sin(angle) * nx - 0.30 * ny + 0.72 * std::cos(angle) * nz;
    return 1 + between(0.15, 0.55, p_.light_strength) * (lambert - 0.55);
  }
  [[nodiscard]] Colour lit(double x, double y) const {
    Colour c = scaled(skin_, light(x, y));
    for (const double side : {-1.0, 1.0}) {  // cheeks
      const double d = std::hypot(x - side * 0.24 - 0.08 * yaw_, y - 0.16) / 0.16;
      c = mix(c, {0.90, 0.36, 0.32}, 0.22 * p_.warmth * std::exp(-d * d));
    }
    return c;
  }
  [[nodiscard]] Colour lit_hair(double x, double y) const {
    const double strand = 0.06 * std::sin(38 * x + 9 * y + 6 * p_.parting);
    const double d = std::hypot(x + 0.2 * between(-1, 1, 1 - p_.light_angle), y + 0.52) / 0.3;
    return mix(scaled(hair_, 0.96 + strand), {1, 1, 1}, 0.16 * std::exp(-d * d));
  }

  [[nodiscard]] Colour ears(Colour c, double x, double y) const {
    for (const double side : {-1.0, 1.0}) {
      const double shown = side * (width_ + 0.01) + 0.05 * yaw_;
      c = over(c, scaled(skin_, 0.86), ellipse(x - shown, y - 0.02, 0.075, 0.14));
    }
    return c;
  }

  [[nodiscard]] Colour features(Colour c, double x, double y) const {
    const double turn = 0.10 * yaw_;  // what is in front moves with the head
    c = eyes(c, x - turn, y);
    c = nose(c, x - 1.3 * turn, y);
    return mouth(c, x - 1.1 * turn, y);
  }

  [[nodiscard]] Colour eyes(Colour c, double x, double y) const {
    const double gap = between(0.175, 0.225, p_.eye_gap), level = -0.06;
    const double rx = between(0.085, 0.115, p_.eye_size);
    const double ry = rx * between(0.42, 0.72, p_.eye_open);
    for (const double side : {-1.0, 1.0}) {
      const double ex = x - side * gap, ey = y - level;
      c = over(c, scaled(skin_, 0.74), ellipse(ex, ey + 0.008, rx * 1.22, ry * 1.42), 0.7);
      const double white = ellipse(ex, ey, rx, ry);
      c = over(c, {0.96, 0.95, 0.93}, white);
      const double look = 0.02 * yaw_;
      const double iris = std::hypot(ex - look, ey) - 0.60 * rx;
      c = over(c, iris_, std::max(iris, white));
      c = over(c, {0.03, 0.03, 0.04}, std::max(iris + 0.32 * rx, white));
      c = over(c, {1, 1, 1}, std::hypot(ex - look + 0.02, ey + 0.02) - 0.016, 0.9);
      const double lid = capsule(ex, ey, -rx, -ry * 0.55, rx, -ry * 0.55, 0.012);
      c = over(c, scaled(hair_, 0.4), std::max(lid, -ellipse(ex, ey, rx * 0.98, ry * 0.9)));
      const double rise = between(-0.035, 0.045, p_.brow_tilt);
      const double brow = capsule(ex, ey + ry + 0.085, -side * 0.10, rise, side * 0.10, -rise * 0.3,
                                  between(0.014, 0.032, p_.brow_weight));
      c = over(c, scaled(hair_, 0.62), brow, 0.9);
    }
    return c;
  }

  [[nodiscard]] Colour nose(Colour c, double x, double y) const {
    const double wide = between(0.055, 0.10, p_.nose_width);
    const double tip = between(0.14, 0.20, p_.nose_length);
    const double shade = p_.light_angle < 0.5 ? 1.0 : -1.0;  // the side away from the light
    const double ridge =
        capsule(x, y, shade * 0.032, -0.04, shade * wide * 0.72, tip - 0.02, 0.014);
    const double depth = 0.6 * std::abs(2 * p_.light_angle - 1);  // none where it changes sides
    c = over(c, scaled(skin_, 0.66), ridge, depth);
    c = over(c, scaled(skin_, 1.12), ellipse(x, y - tip + 0.03, wide * 0.5, 0.035), 0.45);
    for (const double side : {-1.0, 1.0}) {
      const double nostril = ellipse(x - side * wide * 0.55, y - tip - 0.012, wide * 0.34, 0.018);
      c = over(c, scaled(skin_, 0.42), nostril, 0.85);
    }
    return c;
  }

  [[nodiscard]] Colour mouth(Colour c, double x, double y) const {
    const double wide = between(0.13, 0.21, p_.mouth_width), level = 0.345;
    const double bend = between(-0.035, 0.085, p_.smile);
    const double u = x / wide;
    const double at = y - level + bend * (u * u - 0.4);  // from the line between the lips
    const double taper = 1 - std::min(u * u, 1.0);
    const double open = between(0.0, 0.05, p_.mouth_open) * taper;
    const double lip = between(0.020, 0.038, p_.lip) * std::sqrt(taper);
    const double edge = std::abs(x) - wide;
    c = over(c, lips_, std::max(std::abs(at) - open - lip, edge));
    c = over(c, {0.28, 0.06, 0.07}, std::max(std::abs(at) - std::max(open, 0.007 * taper), edge));
    if (p_.mouth_open > 0.3) {
      const double teeth = std::max(std::abs(at + 0.35 * open) - 0.5 * open, edge + 0.03);
      c = over(c, {0.97, 0.96, 0.93}, teeth, smooth_step(0.3, 0.6, p_.mouth_open));
    }
    return c;
  }

  const FaceParameters& p_;
  double pixel_, cosine_, sine_, zoom_, width_, height_, yaw_;
  Colour skin_, hair_, iris_, lips_, back_, clothes_;
};

}  // namespace

std::span<const FaceParameter, FaceParameters::kCount> face_parameter_names() {
  return kParameters;
}

FaceParameters face_parameters(std::uint64_t seed, std::uint32_t index) {
  std::array<double, FaceParameters::kCount> u;
  RandomStream(seed, Purpose::kTarget).uniforms<double>(0, index, u);
  FaceParameters face;
  for (int k = 0; k < FaceParameters::kCount; ++k) face.*kParameters[k].value = u[k];
  return face;
}

void draw_face(const FaceParameters& face, std::int64_t size, std::span<double> out) {
  const Portrait portrait(face, size);
  const std::int64_t plane = size * size;
  for (std::int64_t i = 0; i < size; ++i) {
    for (std::int64_t j = 0; j < size; ++j) {
      const auto place = [&](std::int64_t k) {
        return (2 * static_cast<double>(k) + 1) / static_cast<double>(size) - 1;
      };
      const Colour c = portrait.at(place(j), place(i));
      const std::int64_t at = i * size + j;
      out[at] = 2 * std::clamp(c.r, 0.0, 1.0) - 1;
      out[plane + at] = 2 * std::clamp(c.g, 0.0, 1.0) - 1;
      out[2 * plane + at] = 2 * std::clamp(c.b, 0.0, 1.0) - 1;
    }
  }
}

Faces::Faces(const FacesOptions& options) : options_(options) {
  check(options.count >= 0 && options.count <= kMostFaces, kFaces, [&] {
    return "count is " + std::to_string(options.count) +
           ", expected 1 to 1000000, or 0 for a face for each 32-bit number";
  });
  check(options.size >= 8 && options.size <= 512, kFaces,
        [&] { return "size is " + std::to_string(options.size) + ", expected 8 to 512 pixels"; });
  if (options.count == 0) return;
  points_ = Tensor<double>(Shape{options.count, 3, options.size, options.size});
  for (std::int64_t i = 0; i < options.count; ++i) {
    draw_face(face_parameters(options.seed, static_cast<std::uint32_t>(i)), options.size,
              points_.row(i));
  }
}

void Faces::draw_one(const RandomStream& stream, std::uint64_t step, std::uint32_t sample,
                     std::span<double> out) const {
  const std::uint32_t index = index_of_draw(stream, step, sample);
  if (options_.count > 0) {
    const auto row = points_.row(index);
    std::copy(row.begin(), row.end(), out.begin());
    return;
  }
  draw_face(face_parameters(options_.seed, index), options_.size, out);
}

std::uint32_t Faces::index_of_draw(const RandomStream& stream, std::uint64_t step,
                                   std::uint32_t sample) const {
  if (options_.count == 0) return stream.block(step, sample, 0)[0];
  return stream.below(static_cast<std::uint32_t>(options_.count), step, sample);
}

std::string Faces::spec() const {
  return SpecWriter(kFaces)
      .integer("count", options_.count)
      .integer("size", options_.size)
      .integer("seed", static_cast<std::int64_t>(options_.seed))
      .text();
}

}  // namespace gradvar
