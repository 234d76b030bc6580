#!/usr/bin/env python3
"""Measures the U-Net and the exact variance of finite pairs, and writes docs/benchmarks-images.md.

    python3 bench/run_images.py [--rounds 3] [--no-build] [--no-peers]

A round runs unet_bench (its benchmarks in random order, medians) and PyTorch's side
(bench/peers/torch_unet.py) one after the other; ratios are of one round, and the page shows their
median with the range. vmap is timed in the first round only. variance_bench runs in each round too.
Nothing else should run on the machine.
"""
import argparse
import json
import re
import subprocess
import sys

from run import ROOT, benchmarks, environment, machine, run, spread, table

PAGE = ROOT / "docs" / "benchmarks-images.md"
SIZES = (32, 16)


def medians(program, pattern, repetitions, seconds):
    """Milliseconds by the benchmark's name, and the BLAS."""
    found, blas = benchmarks(program, None, f"--benchmark_filter={pattern}",
                             f"--benchmark_repetitions={repetitions}",
                             f"--benchmark_min_time={seconds}",
                             "--benchmark_enable_random_interleaving=true")
    scale = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3}
    return {b["run_name"]: b["real_time"] * scale[b["time_unit"]] for b in found
            if b.get("aggregate_name") == "median"}, blas


def unet_round():
    named, blas = medians("unet_bench", "/(plain|variance)/", 9, 0.2)
    times = {}
    for name, time in named.items():
        kind, size = re.match(r"BM_UNetStep/(\w+)/size:(\d+)", name).groups()
        times[kind, int(size)] = time
    return times, blas


def exact_round():
    named, _ = medians("variance_bench", "", 9, 0.2)
    return {name.split("/")[1]: time for name, time in named.items()}


def peers(vmap):
    command = ["/usr/bin/python3", "bench/peers/torch_unet.py", "time", "--json"]
    try:
        text = run(command + ([] if vmap else ["--no-vmap"]), stderr=subprocess.DEVNULL,
                   env=environment(None))
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None
    return json.loads(text.strip().splitlines()[-1])


def write_page(options, rounds, theirs, exact, blas):
    rows, torch_rows = [], []
    for size in SIZES:
        plain = [r["plain", size] for r in rounds]
        variance = [r["variance", size] for r in rounds]
        rows.append([f"{size}x{size}", "32", spread(plain), spread(variance),
                     spread([v / p for v, p in zip(variance, plain)])])
        of_size = [next(row for row in t["rows"] if row["size"] == size) for t in theirs]
        if not of_size:
            continue
        step = [row["step_ms"] for row in of_size]
        vmap = of_size[0].get("variance_ms")
        torch_rows.append([f"{size}x{size}", "32", spread(step),
                           spread([p / s for p, s in zip(plain, step)]),
                           spread([vmap]) if vmap else "",
                           spread([vmap / variance[0]]) if vmap else ""])
    ratio = [(r["first_pass"] + r["second_pass"]) / r["training"] for r in exact]
    first = [r["first_pass"] / r["training"] for r in exact]
    page = f"""# Benchmarks of images and of finite pairs

Written by `python3 bench/run_images.py`; no number here is typed by hand. Machine: {machine()}. Two
threads, two lanes, f32. Median (lowest to highest) of {options.rounds} rounds. {blas}.

## U-Net

Channels 32, mult 1-2-2, one block, attention at 16 (`bench/unet_bench.cpp`). "Plain" is forward,
backward and merge of the mean gradient; no optimiser. "Variance" has the exact variance of every
parameter element as well.

{table(["images", "B", "plain step, ms", "with variance, ms", "variance / plain"], rows)}
"""
    if torch_rows:
        page += f"""
PyTorch {theirs[0]['torch']}, eager, on the same architecture (`bench/peers/torch_unet.py time`), the
fastest of 1 and 2 threads, of its own and of OpenBLAS. Its variance is `functorch.vmap(grad)` and `var`
over the batch; it is timed in the first round only.

{table(["images", "B", "PyTorch step, ms", "gradvar / PyTorch", "PyTorch vmap variance, ms",
        "vmap / gradvar's variance"], torch_rows)}
"""
    page += f"""
## Exact variance of finite pairs

1,000 pairs at 32 times of a 3-256-256-256-2 network (`bench/variance_bench.cpp`), against training
(Adam, batches of 256) on as many samples: the first pass, mean and variance of every parameter, takes
{spread(first)} times as long; with the second, which attributes it to pair, time and noise and has the
intervals, {spread(ratio)} times.
"""
    PAGE.write_text(page)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    if not options.no_build:
        run(["cmake", "--preset", "bench"])
        run(["cmake", "--build", "--preset", "bench"])
    rounds, theirs, exact = [], [], []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds}", file=sys.stderr)
        times, blas = unet_round()
        rounds.append(times)
        if not options.no_peers and (peer := peers(vmap=number == 0)):
            theirs.append(peer)
        exact.append(exact_round())
    write_page(options, rounds, theirs, exact, blas)


if __name__ == "__main__":
    main()
