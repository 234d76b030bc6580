#!/usr/bin/env python3
"""check_gradients.py: `gradvar gradients` against PyTorch's autograd, on the same files.

For several networks, interpolants and both precisions it writes random weights and a random batch,
lets `gradvar gradients` compute mean, variance, norms, Gram matrix and per-sample gradients, does
the same with one torch.autograd call a sample, and prints the largest difference of each statistic,
relative to the largest magnitude of the tensor compared. The reference is f64 throughout, on the
same numbers: f32 weights and batches are rounded first, so what is printed for f32 is the rounding
of gradvar's own arithmetic.

    bench/peers/check_gradients.py [build/gradvar]

Needs PyTorch (python3-torch on Debian). Exit status 1 when a difference is above 1e-12 in f64 or
1e-4 in f32.
"""
import json
import math
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from safetensors_file import tensors_of  # noqa: E402

LIMITS = {"f64": 1e-12, "f32": 1e-4}
DTYPES = {"f64": ("F64", torch.float64), "f32": ("F32", torch.float32)}
ACTIVATIONS = {
    "selu": torch.nn.functional.selu,
    "silu": torch.nn.functional.silu,
    "relu": torch.relu,
    "gelu": torch.nn.functional.gelu,
    "tanh": torch.tanh,
}


def write_safetensors(path, tensors, precision):
    word, dtype = DTYPES[precision]
    header, data = {}, b""
    for name, tensor in tensors.items():
        raw = bytes(tensor.to(dtype).contiguous().numpy().tobytes())
        header[name] = {"dtype": word, "shape": list(tensor.shape),
                        "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + data)


def read_safetensors(path):
    dtypes = {word: dtype for word, dtype in DTYPES.values()}
    return {name: torch.frombuffer(bytearray(raw), dtype=dtypes[word]).reshape(shape).double()
            for name, word, shape, raw in tensors_of(path)}


def layer_names(model):
    """Layers in order of use: net.0, net.2, ...; tied ones are net.2 used depth - 1 times."""
    depth, tied = model["depth"], model.get("tied", False)
    hidden = ["net.2"] * (depth - 1) if tied else [f"net.{2 * k}" for k in range(1, depth)]
    return (["net.0"] if depth > 0 else []) + hidden + [f"net.{2 * depth}"]


def fresh_weights(model, d, time_width, generator):
    names, weights = layer_names(model), {}
    for k, name in enumerate(names):
        fan_in = d + time_width if k == 0 else model["width"]
        fan_out = d if k == len(names) - 1 else model["width"]
        for suffix, shape in (("weight", (fan_out, fan_in)), ("bias", (fan_out,))):
            values = torch.randn(shape, generator=generator, dtype=torch.float64)
            weights.setdefault(f"{name}.{suffix}", values / math.sqrt(fan_in))
    return weights


def velocity(model, weights, x, t):
    names, h = layer_names(model), torch.cat([x, t.reshape(1)])
    for k, name in enumerate(names):
        h = weights[name + ".weight"] @ h + weights[name + ".bias"]
        if k < len(names) - 1:
            h = ACTIVATIONS[model["activation"]](h)
    return h


def interpolate(kind, sigma, x0, x1, t, z):
    """x_t and u_t of one sample, as in flow/interpolant.h."""
    line = (1 - t) * x0 + t * x1
    if kind == "linear":
        return line, x1 - x0
    if kind == "constant":
        return line + sigma * z, x1 - x0
    root = torch.sqrt(t * (1 - t))
    if kind == "bridge":
        return line + sigma * root * z, x1 - x0
    if kind == "bridge-full":
        return line + sigma * root * z, x1 - x0 + sigma * (1 - 2 * t) / (2 * root) * z
    angle = math.pi * t / 2
    u = math.pi / 2 * (-torch.sin(angle) * x0 + torch.cos(angle) * x1)
    return torch.cos(angle) * x0 + torch.sin(angle) * x1, u


def reference(model, weights, batch, kind, sigma, estimator):
    """What gradvar should write, from one backward pass a sample."""
    names = sorted(weights)
    weights = {name: w.clone().requires_grad_(True) for name, w in weights.items()}
    losses, rows = [], []
    for n in range(batch["x0"].shape[0]):
        z = batch["z"][n] if "z" in batch else None
        x, u = interpolate(kind, sigma, batch["x0"][n], batch["x1"][n], batch["t"][n], z)
        loss = ((u - velocity(model, weights, x, batch["t"][n])) ** 2).sum()
        rows.append(torch.autograd.grad(loss, [weights[name] for name in names]))
        losses.append(loss.detach())
    flat = torch.stack([torch.cat([g.flatten() for g in row]) for row in rows])
    out = {"loss": torch.stack(losses), "norms": (flat ** 2).sum(1), "gram": flat @ flat.T}
    w = batch.get("weight", torch.ones(len(rows), dtype=torch.float64))
    for k, name in enumerate(names):
        g = torch.stack([row[k] for row in rows])
        ww = w.reshape(-1, *[1] * (g.dim() - 1))
        mean = (ww * g).sum(0) / w.sum()
        # Reliability weights: with all ones the divisor is N - 1.
        divisor = w.sum() - (w ** 2).sum() / w.sum() if estimator == "unbiased" else w.sum()
        out["mean/" + name] = mean
        out["variance/" + name] = (ww * (g - mean) ** 2).sum(0) / divisor
        out["per_sample/" + name] = g
    return out


CASES = [  # model, d, batch, interpolant, sigma, weighted, estimator
    (dict(width=64, depth=3, activation="selu"), 2, 50, "linear", 0, False, "unbiased"),
    (dict(width=64, depth=3, activation="silu"), 2, 33, "constant", 0.05, True, "unbiased"),
    (dict(width=37, depth=2, activation="tanh"), 5, 17, "bridge", 0.3, True, "population"),
    (dict(width=48, depth=4, activation="gelu", tied=True), 3, 20, "bridge-full", 0.2, False,
     "unbiased"),
    (dict(width=16, depth=1, activation="relu"), 1, 2, "trigonometric", 0, False, "population"),
    (dict(width=8, depth=0, activation="selu"), 4, 9, "linear", 0, True, "unbiased"),
    (dict(width=256, depth=3, activation="selu"), 50, 40, "constant", 0.05, False, "unbiased"),
]


def run_case(program, directory, case, precision, seed):
    model, d, size, kind, sigma, weighted, estimator = case
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=generator, dtype=torch.float64)

    weights = fresh_weights(model, d, 1, generator)
    batch = {"x0": normal(size, d), "x1": 2 * normal(size, d) + 1,
             "t": torch.rand(size, generator=generator, dtype=torch.float64) * 0.98 + 0.01}
    if sigma > 0:
        batch["z"] = normal(size, d)
    if weighted:
        batch["weight"] = torch.rand(size, generator=generator, dtype=torch.float64) + 0.1
    files = {name: str(Path(directory) / (name + ".safetensors"))
             for name in ("weights", "batch", "out")}
    write_safetensors(files["weights"], weights, precision)
    write_safetensors(files["batch"], batch, precision)
    keys = ",".join(f"{k}={str(v).lower()}" for k, v in model.items())
    subprocess.run([program, "gradients", "--model", "mlp:" + keys, "--weights", files["weights"],
                    "--batch", files["batch"], "--out", files["out"], "--precision", precision,
                    "--interpolant", kind + (f":sigma={sigma}" if sigma > 0 else ""),
                    "--statistics", "mean,variance,norms,gram,per-sample",
                    "--variance", estimator], check=True)
    found = read_safetensors(files["out"])
    expected = reference(model, read_safetensors(files["weights"]),
                         read_safetensors(files["batch"]), kind, sigma, estimator)
    if set(found) != set(expected):
        raise SystemExit(f"tensors differ: {sorted(set(found) ^ set(expected))}")
    worst = {}
    for name, value in expected.items():
        scale = max(value.abs().max().item(), 1e-300)
        group = name.split("/")[0]
        difference = (found[name] - value).abs().max().item() / scale
        worst[group] = max(worst.get(group, 0.0), difference)
    return worst


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/gradvar"
    groups = ("loss", "mean", "variance", "norms", "gram", "per_sample")
    print(f"{'precision':9} {'model':44} {'interpolant':14}" +
          "".join(f"{group:>11}" for group in groups))
    good = True
    for precision, limit in LIMITS.items():
        for seed, case in enumerate(CASES):
            with tempfile.TemporaryDirectory() as directory:
                worst = run_case(program, directory, case, precision, seed)
            keys = ",".join(f"{k}={str(v).lower()}" for k, v in case[0].items())
            print(f"{precision:9} {keys:44} {case[3]:14}" +
                  "".join(f"{worst[group]:11.1e}" for group in groups))
            good = good and max(worst.values()) <= limit
    print("all within 1e-12 (f64) and 1e-4 (f32)" if good else "ABOVE THE LIMITS")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
