#!/usr/bin/env python3
"""PyTorch's side of the comparison: one eager training step, and per-sample variance, on the same
networks, batch sizes and precision as bench/step_bench.cpp.

    python3 bench/peers/torch_step.py [--threads 1,2] [--json] [--no-variance]

Needs PyTorch (Debian: python3-torch). A step is forward, loss, backward; no optimiser. Times are the
median of 15 rounds (3 at least where a round takes seconds), for the fastest thread setting: each of
the given numbers for PyTorch with each for OpenBLAS (thread_settings.py). The variance figures are
for torch.func-style vmap(grad) where this PyTorch has it.
"""
import argparse
import json
import statistics
import time

import torch

from thread_settings import settings, use

SHAPES = [  # inputs, width, hidden layers, outputs, batch
    (3, 64, 3, 2, 256),
    (3, 256, 3, 2, 256),
    (3, 256, 3, 2, 1024),
    (51, 512, 4, 50, 256),
    (51, 512, 4, 50, 1024),
]
MOST_HELD = 2**30  # bytes of per-sample gradients above which vmap's variance is not timed


def mlp(inputs, width, hidden, outputs):
    sizes = [inputs] + [width] * hidden + [outputs]
    layers = []
    for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(fan_in, fan_out))
        if i + 2 < len(sizes):
            layers.append(torch.nn.SELU())
    return torch.nn.Sequential(*layers)


def median_seconds(function, rounds=15, least=0.02, most=10):
    """Median of `rounds` timings of at least `least` seconds each. A function so slow that they
    would take more than `most` seconds gets fewer, but three."""
    function()
    begin = time.perf_counter()
    function()
    once = time.perf_counter() - begin
    repeats = max(1, int(least / once))
    for _ in range(min(repeats, 5)):
        function()
    times = []
    for _ in range(max(3, min(rounds, int(most / (repeats * once))))):
        begin = time.perf_counter()
        for _ in range(repeats):
            function()
        times.append((time.perf_counter() - begin) / repeats)
    return statistics.median(times)


def plain_step(model, x, target):
    def step():
        model.zero_grad(set_to_none=True)
        loss = ((model(x) - target) ** 2).sum(dim=1).mean()
        loss.backward()

    return step


def vmap_variance(model, x, target):
    """Per-sample gradients by functorch, then their variance: B x P memory."""
    try:
        from functorch import grad, make_functional, vmap
    except ImportError:
        return None
    function, parameters = make_functional(model)

    def loss(parameters, row, wanted):
        return ((function(parameters, row.unsqueeze(0)).squeeze(0) - wanted) ** 2).sum()

    per_sample = vmap(grad(loss), in_dims=(None, 0, 0))

    def step():
        return [g.var(dim=0) for g in per_sample(parameters, x, target)]

    return step


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", default="1,2")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-variance", action="store_true", help="time the plain steps alone")
    arguments = parser.parse_args()
    rows = []
    for inputs, width, hidden, outputs, batch in SHAPES:
        torch.manual_seed(0)
        model = mlp(inputs, width, hidden, outputs)
        x, target = torch.randn(batch, inputs), torch.randn(batch, outputs)
        row = {"width": width, "inputs": inputs, "hidden": hidden, "batch": batch}
        for name, make in (("step", plain_step), ("variance", vmap_variance)):
            step = make(model, x, target)
            if step is None or (name == "variance" and arguments.no_variance):
                continue
            held = 4 * batch * sum(p.numel() for p in model.parameters())
            if name == "variance" and held > MOST_HELD:
                continue
            best = None
            for threads in settings([int(n) for n in arguments.threads.split(",")]):
                use(threads)
                seconds = median_seconds(step)
                if best is None or seconds < best[0]:
                    best = (seconds, threads)
            row[name + "_ms"], row[name + "_threads"] = best[0] * 1e3, best[1]
        rows.append(row)
        if not arguments.json:
            print(row, flush=True)
    if arguments.json:
        print(json.dumps({"torch": torch.__version__, "rows": rows}))


if __name__ == "__main__":
    main()
