#!/usr/bin/env python3
"""torch_unet.py: the U-Net of nn/unet.h against PyTorch.

    bench/peers/torch_unet.py [check] [build/gradvar]      output and per-sample gradients
    bench/peers/torch_unet.py time [--threads 1,2] [--json] [--no-vmap]

`check` builds the same networks from PyTorch's own layers, with the same names, fills them with
random weights, and compares `gradvar velocity` and `gradvar gradients` with PyTorch in f64 on the
same files. Printed is the largest difference of each tensor relative to the largest magnitude in
it, the worst over all tensors. Exit status 1 above 1e-9 in f64 or 1e-4 in f32.

`time` measures PyTorch's eager training step (forward, loss, backward; f32, oneDNN) and, where
functorch is there, vmap(grad) with its variance, on the shapes of bench/unet_bench.cpp.

Needs PyTorch (Debian: python3-torch).

The fastest thread setting counts: each of the given numbers for PyTorch with each for OpenBLAS
(thread_settings.py).
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).parent))
from check_gradients import read_safetensors, write_safetensors  # noqa: E402
from thread_settings import settings, use  # noqa: E402
from torch_step import median_seconds  # noqa: E402

LIMITS = {"f64": 1e-9, "f32": 1e-4}
# Where a norm's groups are single channels (32 of 32), nothing added to a whole channel before it
# has an influence: those gradients are zero but for rounding. So a tensor whose largest number is
# below this share of the largest of all tensors is compared with that share.
LEAST = {"per_sample": 1e-2, "mean": 1e-2, "variance": 1e-4}
DEFAULTS = dict(size=32, colors=3, channels=32, mult="1-2-2", blocks=1, attention="16", heads=1,
                head_channels=0, scale_shift=False, updown=False, groups=32)


def norm(o, channels):
    return nn.GroupNorm(o["groups"], channels)


def conv(channels_in, channels_out, kernel=3, stride=1):
    return nn.Conv2d(channels_in, channels_out, kernel, stride, kernel // 2)


def doubled(x):
    return functional.interpolate(x, scale_factor=2, mode="nearest")


class Residual(nn.Module):
    def __init__(self, o, channels_in, channels_out, resize=None):
        super().__init__()
        self.scale_shift = o["scale_shift"]
        self.resize = resize or nn.Identity()
        width = channels_out * (2 if self.scale_shift else 1)
        self.in_layers = nn.Sequential(norm(o, channels_in), nn.SiLU(),
                                       conv(channels_in, channels_out))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(4 * o["channels"], width))
        self.out_layers = nn.Sequential(norm(o, channels_out), nn.SiLU(), nn.Dropout(0),
                                        conv(channels_out, channels_out))
        self.skip_connection = (nn.Identity() if channels_in == channels_out
                                else conv(channels_in, channels_out, 1))

    def forward(self, x, emb):
        h = self.in_layers[2](self.resize(self.in_layers[:2](x)))
        e = self.emb_layers(emb)[:, :, None, None]
        if self.scale_shift:
            scale, shift = e.chunk(2, dim=1)
            h = self.out_layers[1:](self.out_layers[0](h) * (1 + scale) + shift)
        else:
            h = self.out_layers(h + e)
        return self.skip_connection(self.resize(x)) + h


class Attention(nn.Module):
    def __init__(self, o, channels):
        super().__init__()
        self.heads = channels // o["head_channels"] if o["head_channels"] else o["heads"]
        self.norm = norm(o, channels)
        self.qkv = nn.Conv1d(channels, 3 * channels, 1)
        self.proj_out = nn.Conv1d(channels, channels, 1)

    def forward(self, x, _):
        batch, channels, *image = x.shape
        flat = x.reshape(batch, channels, -1)
        width = channels // self.heads
        q, k, v = (self.qkv(self.norm(flat)).reshape(batch * self.heads, 3 * width, -1)
                   .split(width, dim=1))
        weight = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(width), dim=-1)
        h = (v @ weight.transpose(1, 2)).reshape(batch, channels, -1)
        return (flat + self.proj_out(h)).reshape(batch, channels, *image)


class Halve(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.op = conv(channels, channels, stride=2)

    def forward(self, x, _):
        return self.op(x)


class Double(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv = conv(channels, channels)

    def forward(self, x, _):
        return self.conv(doubled(x))


class First(nn.Conv2d):
    def forward(self, x, _):
        return super().forward(x)


class UNet(nn.Module):
    def __init__(self, **options):
        super().__init__()
        o = self.o = {**DEFAULTS, **options}
        mult = [float(m) for m in o["mult"].split("-")]
        widths = [int(m * o["channels"]) for m in mult]
        sizes = [] if o["attention"] == "none" else o["attention"].split("-")
        attends = {o["size"] // int(pixels) for pixels in sizes}
        wide, ch = 4 * o["channels"], widths[0]
        self.time_embed = nn.Sequential(nn.Linear(o["channels"], wide), nn.SiLU(),
                                        nn.Linear(wide, wide))
        self.input_blocks = nn.ModuleList([nn.ModuleList([First(o["colors"], ch, 3, 1, 1)])])
        skips = [ch]
        for level, width in enumerate(widths):
            for _ in range(o["blocks"]):
                layers = [Residual(o, ch, width)]
                ch = width
                if 2 ** level in attends:
                    layers.append(Attention(o, ch))
                self.input_blocks.append(nn.ModuleList(layers))
                skips.append(ch)
            if level + 1 < len(widths):
                halve = Residual(o, ch, ch, nn.AvgPool2d(2)) if o["updown"] else Halve(ch)
                self.input_blocks.append(nn.ModuleList([halve]))
                skips.append(ch)
        self.middle_block = nn.ModuleList([Residual(o, ch, ch), Attention(o, ch),
                                           Residual(o, ch, ch)])
        self.output_blocks = nn.ModuleList()
        for level, width in reversed(list(enumerate(widths))):
            for i in range(o["blocks"] + 1):
                layers = [Residual(o, ch + skips.pop(), width)]
                ch = width
                if 2 ** level in attends:
                    layers.append(Attention(o, ch))
                if level > 0 and i == o["blocks"]:
                    twice = nn.Upsample(scale_factor=2, mode="nearest")
                    layers.append(Residual(o, ch, ch, twice) if o["updown"] else Double(ch))
                self.output_blocks.append(nn.ModuleList(layers))
        self.out = nn.Sequential(norm(o, ch), nn.SiLU(), conv(ch, o["colors"]))

    def forward(self, x, t):
        half = self.o["channels"] // 2
        frequencies = torch.exp(-math.log(10000) / half * torch.arange(half, dtype=x.dtype))
        angles = t[:, None] * frequencies
        emb = self.time_embed(torch.cat([angles.cos(), angles.sin()], dim=1))
        skips, h = [], x
        for block in self.input_blocks:
            for layer in block:
                h = layer(h, emb)
            skips.append(h)
        for layer in self.middle_block:
            h = layer(h, emb)
        for block in self.output_blocks:
            h = torch.cat([h, skips.pop()], dim=1)
            for layer in block:
                h = layer(h, emb)
        return self.out(h)

    def spec(self):
        keys = (f"{key.replace('_', '-')}={str(value).lower()}" for key, value in self.o.items())
        return "unet:" + ",".join(keys)


CASES = [  # options, batch
    (dict(size=8, channels=8, mult="1-2", attention="4", groups=4), 5),
    (dict(size=8, channels=32, mult="1-2-2", attention="8-4", heads=2), 3),
    (dict(size=16, channels=16, mult="1-1.5", blocks=2, attention="8", head_channels=8, groups=8,
          scale_shift=True), 3),
    (dict(size=16, channels=16, mult="1-2", attention="none", updown=True, groups=8,
          colors=1), 3),
    (dict(size=28, channels=32, mult="1-2-2", attention="14", colors=1, scale_shift=True,
          updown=True), 3),
    (dict(size=32, channels=32, mult="1-2-2", attention="16", heads=1), 3),
]


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        fan_in = max(1, p[0].numel())
        drawn = torch.randn(p.shape, generator=generator, dtype=torch.float64) / math.sqrt(fan_in)
        p.data = drawn + (1 if p.dim() == 1 and name.endswith("weight") else 0)


def check_case(program, directory, options, size, precision, seed):
    model = UNet(**options).double()
    randomise(model, seed)
    o = model.o
    generator = torch.Generator().manual_seed(seed + 100)
    d = o["colors"] * o["size"] ** 2
    batch = {"x0": torch.randn(size, d, generator=generator, dtype=torch.float64),
             "x1": torch.randn(size, d, generator=generator, dtype=torch.float64),
             "t": torch.rand(size, generator=generator, dtype=torch.float64)}
    path = {name: str(Path(directory) / (name + ".safetensors"))
            for name in ("weights", "batch", "points", "v", "out")}
    write_safetensors(path["weights"], model.state_dict(), precision)
    write_safetensors(path["batch"], batch, precision)
    write_safetensors(path["points"], {"x": batch["x0"], "t": batch["t"]}, precision)
    common = ["--model", model.spec(), "--weights", path["weights"], "--precision", precision]
    subprocess.run([program, "velocity", *common, "--batch", path["points"], "--out", path["v"]],
                   check=True)
    subprocess.run([program, "gradients", *common, "--batch", path["batch"], "--out", path["out"],
                    "--statistics", "mean,variance,norms,per-sample"], check=True)
    model.load_state_dict(read_safetensors(path["weights"]))
    batch = read_safetensors(path["batch"])
    shape = (size, o["colors"], o["size"], o["size"])
    with torch.no_grad():
        v = model(batch["x0"].reshape(shape), batch["t"]).reshape(size, d)
    names = [name for name, _ in model.named_parameters()]
    rows = []
    for n in range(size):
        x0, x1, t = (batch[key][n:n + 1] for key in ("x0", "x1", "t"))
        x = ((1 - t) * x0 + t * x1).reshape(1, *shape[1:])
        loss = ((model(x, t).reshape(1, d) - (x1 - x0)) ** 2).sum()
        rows.append(torch.autograd.grad(loss, list(model.parameters())))
    found = read_safetensors(path["out"])
    worst = {"velocity": difference(read_safetensors(path["v"])["v"], v, 0)}
    makers = {"per_sample": lambda g: g, "mean": lambda g: g.mean(0), "variance": lambda g: g.var(0)}
    for kind, make in makers.items():
        expected = {name: make(torch.stack([row[k] for row in rows]))
                    for k, name in enumerate(names)}
        floor = LEAST[kind] * max(g.abs().max().item() for g in expected.values())
        worst[kind] = max(difference(found[f"{kind}/{name}"], g, floor)
                          for name, g in expected.items())
    return worst


def difference(found, expected, floor):
    return (found - expected).abs().max().item() / max(expected.abs().max().item(), floor)


def check(program):
    kinds = ("velocity", "per_sample", "mean", "variance")
    print(f"{'precision':9} " + "".join(f"{kind:>12}" for kind in kinds) + "  network, batch")
    good = True
    for precision, limit in LIMITS.items():
        for seed, (options, size) in enumerate(CASES):
            with tempfile.TemporaryDirectory() as directory:
                worst = check_case(program, directory, options, size, precision, seed)
            print(f"{precision:9} " + "".join(f"{worst[kind]:12.1e}" for kind in kinds) +
                  f"  {options}, {size}", flush=True)
            good = good and max(worst.values()) <= limit
    print("all within 1e-9 (f64) and 1e-4 (f32)" if good else "ABOVE THE LIMITS")
    return 0 if good else 1


def vmap_variance(model, x, t, u):
    """Per-sample gradients by functorch, then their variance: B x P memory."""
    try:
        from functorch import grad, make_functional, vmap
    except ImportError:
        return None
    function, parameters = make_functional(model)

    def loss(parameters, x, t, u):
        return ((function(parameters, x[None], t[None])[0] - u) ** 2).sum()

    per_sample = vmap(grad(loss), in_dims=(None, 0, 0, 0))
    return lambda: [g.var(dim=0) for g in per_sample(parameters, x, t, u)]


def measure(arguments):
    rows = []
    for size, batch in ((32, 32), (16, 32)):
        torch.manual_seed(0)
        model = UNet(size=size)
        x, u = torch.randn(batch, 3, size, size), torch.randn(batch, 3, size, size)
        t = torch.rand(batch)

        def plain():
            model.zero_grad(set_to_none=True)
            ((model(x, t) - u) ** 2).sum(dim=(1, 2, 3)).mean().backward()

        row = {"size": size, "batch": batch}
        steps = {"step": plain}
        if not arguments.no_vmap:
            steps["variance"] = vmap_variance(model, x, t, u)
        for name, step in steps.items():
            if step is None:
                continue
            best = None
            for threads in settings([int(n) for n in arguments.threads.split(",")]):
                use(threads)
                try:
                    seconds = median_seconds(step)
                except RuntimeError as error:
                    print(f"{name}: {error}", file=sys.stderr)
                    break
                if best is None or seconds < best[0]:
                    best = (seconds, threads)
            if best:
                row[name + "_ms"], row[name + "_threads"] = best[0] * 1e3, best[1]
        rows.append(row)
        if not arguments.json:
            print(row, flush=True)
    if arguments.json:
        print(json.dumps({"torch": torch.__version__, "rows": rows}))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=("check", "time"), default="check")
    parser.add_argument("program", nargs="?", default="build/gradvar")
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-vmap", action="store_true")
    arguments = parser.parse_args()
    return check(arguments.program) if arguments.what == "check" else measure(arguments)


if __name__ == "__main__":
    sys.exit(main())
