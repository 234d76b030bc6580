// unets: the two small U-Nets that the tests share.
#pragma once

#include "nn/unet.h"

namespace gradvar::testing {

inline UNetOptions small() {
  return {.size = 8, .colors = 2, .channels = 4, .mult = {1, 2}, .attention = {4}, .groups = 2};
}

// Every option that changes what is computed.
inline UNetOptions other() {
  UNetOptions options = small();
  options.mult = {1, 1.5, 2};
  options.attention = {8, 4};
  options.head_channels = 2;
  options.scale_shift = true;
  options.updown = true;
  return options;
}

}  // namespace gradvar::testing
