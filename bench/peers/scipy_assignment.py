#!/usr/bin/env python3
"""scipy_assignment.py: `gradvar pairs --coupling assignment` against scipy's linear_sum_assignment.

Two hundred random problems, from 1 to 150 points in 1 to 40 dimensions, every second one degenerate:
whole-numbered coordinates, so that distances tie, and repeated points. The pairs that gradvar writes
must use every source and every target once, and cost what scipy's pairing costs.

    bench/peers/scipy_assignment.py [build/gradvar]

Needs scipy (python3-scipy on Debian). Exit status 1 when a cost differs by more than 1e-10 of it.
"""
import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment

sys.path.insert(0, str(Path(__file__).parent))
from safetensors_file import tensors_of  # noqa: E402

PROBLEMS = 200
LIMIT = 1e-10


def read_safetensors(path):
    return {name: np.frombuffer(raw, dtype="<f8").reshape(shape)
            for name, _, shape, raw in tensors_of(path)}


def make_problem(rng, degenerate):
    n, d = int(rng.integers(1, 151)), int(rng.integers(1, 41))
    if not degenerate:
        return rng.normal(size=(n, d)), rng.normal(size=(n, d)) * rng.uniform(0.1, 5)
    d = min(d, 3)
    return tuple(rng.integers(-2, 3, size=(n, d)).astype(float) for _ in range(2))


def same_rows(a, b):
    return sorted(map(tuple, a)) == sorted(map(tuple, b))


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/gradvar"
    rng = np.random.default_rng(0)
    worst, failures = 0.0, 0
    with tempfile.TemporaryDirectory() as directory:
        x_path, y_path, out = (str(Path(directory) / name)
                               for name in ("x.npy", "y.npy", "pairs.safetensors"))
        for problem in range(PROBLEMS):
            x, y = make_problem(rng, problem % 2 == 1)
            np.save(x_path, x)
            np.save(y_path, y)
            run = subprocess.run(
                [program, "pairs", "--source", "npy:" + x_path, "--target", "npy:" + y_path,
                 "--pairs", str(len(x)), "--coupling", "assignment", "--out", out, "--json"],
                check=True, capture_output=True, text=True)
            pairs = read_safetensors(out)
            cost = ((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=2)
            rows, columns = linear_sum_assignment(cost)
            theirs = cost[rows, columns].sum() / len(x)
            ours = json.loads(run.stdout)["cost"]
            difference = abs(ours - theirs) / max(theirs, 1e-300) if ours != theirs else 0.0
            worst = max(worst, difference)
            complete = same_rows(pairs["x0"], x) and same_rows(pairs["x1"], y)
            if difference > LIMIT or not complete:
                failures += 1
                print(f"problem {problem}, {x.shape}: gradvar {ours!r}, scipy {theirs!r}"
                      + ("" if complete else ", and points are missing"))
    print(f"{PROBLEMS} problems, {failures} differ; largest relative difference {worst:.2g}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
