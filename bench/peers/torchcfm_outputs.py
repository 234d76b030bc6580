#!/usr/bin/env python3
"""torchcfm_outputs.py: what torchcfm's own UNetModelWrapper makes of fixed weights and images.

    python3 bench/peers/torchcfm_outputs.py PACKAGE_DIR > tests/nn/torchcfm_outputs.inc

PACKAGE_DIR holds torchcfm's models/unet (unet.py, nn.py, fp16_util.py, logger.py) as a package.
Weights and images are sines of their index, so that tests/nn/unet_torchcfm_test.cpp makes the same ones; a
parameter's phase is its place among the names, sorted. Needs PyTorch. f32, as torchcfm computes its
embedding of the time.
"""
import importlib
import sys
import types
from pathlib import Path

import torch

try:
    import numpy  # noqa: F401
except ImportError:  # imported there, not needed for the forward pass
    sys.modules["numpy"] = types.ModuleType("numpy")

CASES = [
    ("size=8,colors=3,channels=32,mult=1-2,blocks=1,attention=4,heads=1",
     dict(dim=(3, 8, 8), num_channels=32, num_res_blocks=1, channel_mult=(1, 2),
          attention_resolutions="4", num_heads=1)),
    ("size=12,colors=1,channels=32,mult=1-2,blocks=2,attention=12-6,heads=4,head-channels=16,"
     "scale-shift=true",
     dict(dim=(1, 12, 12), num_channels=32, num_res_blocks=2, channel_mult=(1, 2),
          attention_resolutions="12,6", num_heads=4, num_head_channels=16,
          use_scale_shift_norm=True)),
    ("size=8,colors=3,channels=64,mult=0.5-1,blocks=1,attention=8,heads=2,updown=true",
     dict(dim=(3, 8, 8), num_channels=64, num_res_blocks=1, channel_mult=(0.5, 1),
          attention_resolutions="8", num_heads=2, resblock_updown=True)),
]
SHOWN = 24


def sines(count, step, phase):
    return torch.sin(step * torch.arange(count, dtype=torch.float64) + phase)


def main():
    package = Path(sys.argv[1]).resolve()
    sys.path.insert(0, str(package.parent))
    wrapper = importlib.import_module(package.name + ".unet").UNetModelWrapper
    print("// Written by bench/peers/torchcfm_outputs.py from torchcfm itself, do not edit.")
    for spec, options in CASES:
        net = wrapper(**options).eval()
        for place, (_, parameter) in enumerate(sorted(net.named_parameters())):
            scale = (parameter[0].numel()) ** -0.5
            values = scale * sines(parameter.numel(), 0.7, place)
            parameter.data = values.reshape(parameter.shape).float()
        channels, height, width = options["dim"]
        x = sines(2 * channels * height * width, 0.11, 0.5).float()
        with torch.no_grad():
            v = net(torch.tensor([0.25, 0.75]), x.reshape(2, channels, height, width)).flatten()
        every = v.numel() // SHOWN
        numbers = ", ".join(f"{v[i * every].item():.7g}" for i in range(SHOWN))
        print(f'{{"{spec}",\n {v.abs().max().item():.7g},\n {{{numbers}}}}},')


if __name__ == "__main__":
    main()
