#!/usr/bin/env python3
"""Measures everything docs/benchmarks.md says, and writes that page.

    python3 bench/run.py [--rounds 5] [--no-build] [--no-peers]

Builds the bench preset and runs `rounds` rounds of paired_bench, which times plain steps, variance,
norms and matrix products in turns and gives the medians of their ratios; the page has the median over
rounds with its range. PyTorch's side (bench/peers/torch_step.py) runs in the same round where python3
has torch. All of it is done with the kernels OpenBLAS finds for the processor, then with its AVX2 ones
(OPENBLAS_CORETYPE=Haswell). Nothing else should run on the machine.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-bench"
PAGE = ROOT / "docs" / "benchmarks.md"
README = ROOT / "README.md"
SHAPES = [(2, 64, 3, 256), (2, 256, 3, 256), (2, 256, 3, 1024), (50, 512, 4, 256),
          (50, 512, 4, 1024)]
NAIVE = (2, 256, 3, 256)
IMAGES = (32, 128)  # size, B


def network(shape):
    dim, width, depth, _ = shape
    return "-".join(str(n) for n in [dim + 1] + [width] * depth + [dim])


def run(command, **more):
    return subprocess.run(command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE,
                          **more).stdout


def machine():
    cpu = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if "model name" in l), "?")
    return f"{cpu}, {os.cpu_count()} cores"


def environment(core):
    """OpenBLAS's kernels: as it finds the processor, or those of the core named."""
    env = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    return env | ({"OPENBLAS_CORETYPE": core} if core else {})


def benchmarks(program, core, *arguments):
    """The benchmarks a program ran, and the BLAS it ran on."""
    text = run([str(BUILD / program), "--benchmark_format=json", *arguments],
               stderr=subprocess.DEVNULL, env=environment(core))
    data = json.loads(text)
    return data["benchmarks"], data["context"]["blas"]


def step_round(core):
    """By shape plain_ms, variance, norms and gemm_share; the naive way / plain; and the BLAS."""
    found, blas = benchmarks("paired_bench", core)
    paired = {}
    for b in found:
        shape = re.match(r"BM_Paired/dim:(\d+)/width:(\d+)/depth:(\d+)/B:(\d+)", b["name"]).groups()
        paired[tuple(int(n) for n in shape)] = b
    found, _ = benchmarks("step_bench", core, "--benchmark_filter=naive")
    naive = found[0]["real_time"] / paired[NAIVE]["plain_ms"]
    return paired, naive, blas


def peak(kind, shape):
    arguments = [str(n) for n in shape]
    return statistics.median(
        int(run([str(BUILD / "memory"), kind, *arguments])) for _ in range(3))


def peers(core, variance):
    command = ["/usr/bin/python3", "bench/peers/torch_step.py", "--json"]
    try:
        text = run(command + ([] if variance else ["--no-variance"]), stderr=subprocess.DEVNULL,
                   env=environment(core))
    except (subprocess.CalledProcessError, FileNotFoundError):
        return None
    return json.loads(text.strip().splitlines()[-1])


def spread(values, digits=3):
    if len(values) == 1:
        return f"{values[0]:.{digits}g}"
    return (f"{statistics.median(values):.{digits}g} "
            f"({min(values):.{digits}g} to {max(values):.{digits}g})")


def table(header, rows):
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def measure(options, core):
    """The two tables, and what else the page says, for one choice of OpenBLAS's kernels."""
    rounds, torch_rounds = [], []
    for number in range(options.rounds):
        print(f"{core or 'detected'} kernels, round {number + 1} of {options.rounds}",
              file=sys.stderr)
        rounds.append(step_round(core))
        # vmap's variance takes seconds a call: it is timed in the very first round alone.
        if not options.no_peers and (theirs := peers(core, variance=number == 0 and not core)):
            torch_rounds.append(theirs)
    step_rows, torch_rows = [], []
    for shape in SHAPES:
        name = [network(shape), str(shape[3])]
        of = lambda key: [r[0][shape][key] for r in rounds]
        plain, variance = of("plain_ms"), of("plain_ms")[0] * of("variance")[0]
        step_rows.append([*name, spread(plain), spread([100 * x for x in of("gemm_share")]) + " %",
                          spread(of("variance")), spread(of("norms"))])
        for_shape = [next(row for row in t["rows"] if row["width"] == shape[1] and
                          row["batch"] == shape[3] and row["inputs"] == shape[0] + 1)
                     for t in torch_rounds]
        if for_shape:
            vmap = for_shape[0].get("variance_ms")
            torch_rows.append([
                *name, spread(plain), spread([row["step_ms"] for row in for_shape]),
                spread([mine / row["step_ms"] for mine, row in zip(plain, for_shape)]),
                spread([variance]), spread([vmap]) if vmap else "",
                spread([variance / vmap]) if vmap else ""])
    naive = [r[1] for r in rounds]
    steps = table(["network", "B", "plain step, ms", "of two cores' GEMM rate",
                   "variance / plain", "norms / plain"], step_rows)
    torch = table(["network", "B", "gradvar step, ms", "PyTorch step, ms", "ratio",
                   "gradvar variance, ms", "PyTorch vmap variance, ms", "ratio"],
                  torch_rows) if torch_rows else ""
    return {"blas": rounds[0][2], "steps": steps, "naive": naive, "torch": torch,
            "torch_version": torch_rounds[0]["torch"] if torch_rounds else ""}


def write_page(options, measured):
    first = measured[0]
    where = (f"Machine: {machine()}. Two threads, two lanes, f32. Median (lowest to highest) of "
             f"{options.rounds} rounds.")
    memory = {kind: peak(kind, SHAPES[-1]) for kind in ("plain", "variance", "norms")}
    images = {kind: peak(kind, ("unet", *IMAGES)) for kind in ("plain", "variance")}
    page = f"""# Benchmarks

Written by `python3 bench/run.py`; no number here is typed by hand. {where}

"Plain" is forward, backward and merge of the mean gradient; no optimiser. "Variance" is the same
step with the exact variance of every parameter element as well, "norms" with every sample's squared
gradient norm. By multiplications the variance of a large layer costs 4/3 of the plain step. The GEMM
rate is that of two single-threaded products side by side, as large as a lane's hidden layer.
A round times blocks of some 10 ms in turns, 60 of each, takes every ratio within a turn, and reports
the median (`bench/paired_bench.cpp`), so that what else the machine does falls on all alike.
"""
    for m in measured:
        page += f"""
## {m['blas']}

{m['steps']}

The naive way, one backward pass a sample, takes {spread(m['naive'])} times the plain step for
{network(NAIVE)} at B = {NAIVE[3]}.
"""
        if m["torch"]:
            page += f"""
PyTorch {m['torch_version']} on the same OpenBLAS and networks, eager (`bench/peers/torch_step.py`): forward, loss and
backward, the fastest of 1 and 2 threads, of its own and of OpenBLAS. Its variance is
`functorch.vmap(grad)` and `var` over the batch, which holds all per-sample gradients at once; it is
timed in the first round only, and not where they would take more than 1 GiB.

{m['torch']}
"""
    page += f"""
## Memory

Peak resident memory of a process that does nothing but steps of {network(SHAPES[-1])} at
B = {SHAPES[-1][3]}, less what it held before: {memory['plain'] / 2**20:.1f} MiB for plain steps,
{memory['variance'] / 2**20:.1f} MiB with variance
({memory['variance'] / memory['plain']:.2f} times), {memory['norms'] / 2**20:.1f} MiB with norms
({memory['norms'] / memory['plain']:.2f} times).

Of the U-Net (channels 32, mult 1-2-2, one block, attention at 16) on {IMAGES[0]}x{IMAGES[0]} images at
B = {IMAGES[1]}: {images['plain'] / 2**20:.1f} MiB for plain steps, {images['variance'] / 2**20:.1f} MiB with
variance ({images['variance'] / images['plain']:.2f} times; the bar is 1.25).
"""
    PAGE.write_text(page)
    text = README.read_text()
    begin = "<!-- benchmarks: written by bench/run.py, do not edit -->\n"
    end = "<!-- end of benchmarks -->"
    before, rest = text.split(begin)
    README.write_text(before + begin + where + " " + first["blas"] + ".\n\n" + first["steps"] +
                      "\n\nMore, with AVX2 kernels and PyTorch's side, in "
                      "[docs/benchmarks.md](docs/benchmarks.md).\n" + end + rest.split(end)[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--no-build", action="store_true")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    if not options.no_build:
        run(["cmake", "--preset", "bench"])
        run(["cmake", "--build", "--preset", "bench"])
    write_page(options, [measure(options, core) for core in (None, "Haswell")])


if __name__ == "__main__":
    main()
