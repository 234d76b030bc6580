#!/usr/bin/env python3
"""How often is `gradvar diagnose` right: runs of known kind, trained and diagnosed.

    bench/diagnose_bar.py              the twenty runs of the bar; writes docs/diagnose.md
    bench/diagnose_bar.py --keep DIR   the same; what is in DIR already is not done again
    bench/diagnose_bar.py --set tuning the runs the rule's numbers were chosen on; writes nothing

The kind of a run is known without looking at what the rule looks at (generated points):

  rule       pairs of a map, or an assignment of many points: partners follow from sources, and
             there are enough pairs to learn how. By construction: does not memorise.
  fresh      pairs drawn anew at every step, from a law without end: none is seen twice. By
             construction: does not memorise.
  few        sources drawn anew, but a handful of targets, a large network and long training: the
             minimiser's flow ends on the targets. By construction: memorises.
  random     fixed pairs at random. Memorises or not by the objective alone: the exact loss on the
             training pairs is under a ninth of that on as many others of the coupling, so the
             residuals are three times smaller, or it is not. The rule sees neither loss, and the
             flow is not integrated for it.
  too few    pairs of a map, but fewer than it takes to learn the map: by the same criterion.

Runs and kinds were written down before any of the twenty was trained, and so was the criterion, which
had been one half at first: two tuning runs between one ninth and one half did not return their pairs
to speak of, so it became one ninth, residuals three times smaller as in the 1/3 rule. The page says
how many would be right by one half. The tuning runs also showed a fault in how copies were counted
(repeated targets), which was mended before any result of the twenty was seen.
Only the standard library is used.
"""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

FITTED = 1 / 9  # of the loss on other pairs

# name, kind, arguments of gradvar train, arguments of gradvar pairs where they come from a file
TUNING = [
    ("few-2d", "random", "--pairs 50 --model mlp:width=128,depth=3 --steps 6000", None),
    ("many-2d", "random", "--pairs 2000 --model mlp:width=32,depth=3 --steps 2000", None),
    ("short-2d", "random", "--pairs 100 --model mlp:width=64,depth=3 --steps 300", None),
    ("optimal-2d", "rule", "--pairs 200 --coupling optimal --steps 4000", None),
    ("rotation-2d", "rule", "--pairs 300 --coupling rotation:angle=120 --steps 4000", None),
    ("crossing-2d", "rule", "--pairs 300 --coupling rotation:angle=180 --steps 4000", None),
    ("fresh-2d", "fresh", "--pairs 200 --pairing resampled --steps 4000", None),
    ("random-20d", "random", "--source gaussian:dim=20 --target gaussian:dim=20,mean=2 --pairs 100 "
     "--model mlp:width=128,depth=3 --steps 4000", None),
    ("noise-20d", "random", "--source gaussian:dim=20 --target gaussian:dim=20,mean=2 --pairs 100 "
     "--model mlp:width=128,depth=3 --steps 4000 --interpolant constant:sigma=1.5", None),
    ("mixture-50d", "random", "--source gaussian:dim=50 --target mixture:dim=50,components=5 "
     "--pairs 200 --model mlp:width=256,depth=3,activation=silu --steps 4000 "
     "--interpolant constant:sigma=0.05", None),
    ("moons-assigned", "rule", "--target moons --coupling assignment --pairs 400 --steps 4000", None),
    ("optimal-30d", "rule", "--source gaussian:dim=30 --target gaussian:dim=30,mean=1,scale=2 "
     "--coupling optimal --pairs 1000 --model mlp:width=128,depth=2 --steps 4000", None),
    ("too-few-30d", "too few", "--source gaussian:dim=30 --target gaussian:dim=30,mean=1,scale=2 "
     "--coupling rotation:angle=90,planes=all --pairs 20 --model mlp:width=128,depth=3 "
     "--steps 4000", None),
    ("unknown-random", "random", "--model mlp:width=128,depth=3 --steps 6000",
     "--pairs 60 --coupling independent"),
    ("unknown-rule", "rule", "--steps 4000", "--pairs 300 --coupling rotation:angle=60"),
    ("few-targets", "few", "--target csv:points.csv --pairing resampled --model mlp:width=128,depth=3 "
     "--steps 8000 --pairs 200", None),
]

# Written down before any was trained; other data, networks, optimisers and seeds than above.
BAR = [
    ("moons-few", "random", "--target moons --pairs 40 --model mlp:width=96,depth=4 --steps 5000",
     None),
    ("moons-many", "random", "--target moons --pairs 3000 --model mlp:width=24,depth=2 "
     "--steps 3000", None),
    ("spiral-relu", "random", "--target spiral --pairs 30 "
     "--model mlp:width=160,depth=3,activation=relu --steps 6000", None),
    ("checkerboard-short", "random", "--target checkerboard --pairs 150 "
     "--model mlp:width=48,depth=3 --steps 200", None),
    ("pinwheel-fresh", "fresh", "--target pinwheel --pairs 300 --pairing resampled "
     "--model mlp:width=96,depth=3 --steps 5000", None),
    ("eight-fresh-cosine", "fresh", "--target eight-gaussians --pairs 100 --pairing resampled "
     "--schedule cosine --model mlp:width=64,depth=4,activation=silu --steps 4000", None),
    ("eight-few-gelu", "random", "--target eight-gaussians --pairs 24 "
     "--model mlp:width=128,depth=3,activation=gelu --steps 6000 --ema 0.99", None),
    ("mixture-10d", "random", "--source gaussian:dim=10 --target mixture:dim=10,components=4 "
     "--pairs 80 --model mlp:width=160,depth=3,activation=silu --steps 4000", None),
    ("mixture-10d-many", "random", "--source gaussian:dim=10 --target mixture:dim=10,components=4 "
     "--pairs 4000 --model mlp:width=32,depth=2 --steps 2500", None),
    ("mixture-10d-noise", "random", "--source gaussian:dim=10 --target mixture:dim=10,components=4 "
     "--pairs 80 --interpolant constant:sigma=3 --model mlp:width=160,depth=3,activation=silu "
     "--steps 4000", None),
    ("gaussian-40d-bridge", "random", "--source gaussian:dim=40 --target gaussian:dim=40,mean=3 "
     "--coupling permutation --pairs 120 --interpolant bridge:sigma=0.1 "
     "--model mlp:width=192,depth=3 --steps 3000", None),
    ("gaussian-5d-adamw", "random", "--source gaussian:dim=5 --target gaussian:dim=5,scale=0.5 "
     "--pairs 40 --optimizer adamw:weight-decay=0.01 --schedule cosine:warmup=100 "
     "--model mlp:width=128,depth=4 --steps 4000", None),
    ("optimal-8d", "rule", "--source gaussian:dim=8 --target gaussian:dim=8,mean=2,scale=3 "
     "--coupling optimal --pairs 500 --model mlp:width=96,depth=3,activation=silu --steps 4000",
     None),
    ("crossing-6d", "rule", "--source gaussian:dim=6 --target gaussian:dim=6,mean=5 "
     "--coupling rotation:angle=180,planes=all --pairs 600 --model mlp:width=128,depth=3 "
     "--steps 4000", None),
    ("rotation-3d-noise", "rule", "--source gaussian:dim=3 --target gaussian:dim=3,mean=1 "
     "--coupling rotation:angle=75 --pairs 300 --interpolant constant:sigma=0.05 --steps 4000",
     None),
    ("assigned-pinwheel", "rule", "--target pinwheel --coupling assignment --pairs 500 "
     "--model mlp:width=96,depth=3 --steps 4000", None),
    ("too-few-40d", "too few", "--source gaussian:dim=40 --target gaussian:dim=40,mean=2 "
     "--coupling rotation:angle=120,planes=all --pairs 24 --model mlp:width=160,depth=3 "
     "--steps 3000", None),
    ("unknown-moons", "random", "--model mlp:width=128,depth=4 --steps 6000",
     "--target moons --pairs 50 --coupling independent"),
    ("unknown-affine", "rule", "--model mlp:width=64,depth=3,activation=silu --steps 4000",
     "--source gaussian:dim=4 --target gaussian:dim=4,mean=3,scale=2 --pairs 400 "
     "--coupling optimal"),
    ("five-targets", "few", "--target csv:five.csv --pairing resampled --pairs 200 "
     "--model mlp:width=128,depth=4,activation=silu --steps 8000", None),
]

# Said of the runs that came out wrong, after looking into them.
WHY_WRONG = {
    "spiral-relu": "said undecided. The objective is fitted, but the flow brings only part of the "
                   "sources home: 10 Euler steps return more of them, and are judged to memorise, "
                   "while 30, 100 and 1000 steps and dopri5 agree with one another, so it is the "
                   "flow and not its solver. Memory in the objective is not quite memory in the "
                   "flow where lines of random pairs meet, and with so few pairs the interval of "
                   "the remembered share reaches down to the border of the rule.",
    "unknown-moons": "said undecided. As above: the objective is under the criterion, the flow "
                     "returns a share of the pairs next to the border of a quarter, with 10 and "
                     "1000 Euler steps and dopri5 alike. Nothing is held out here, and predictions "
                     "from the other pairs are a shorter yardstick than held-out pairs (compare the "
                     "held-out errors), which may make it stricter.",
}

FIVE = "2,2\n-3,1\n1,-4\n5,-1\n-2,-3\n"
POINTS = "3,1\n-2,2\n0,-3\n4,-2\n-4,-1\n1,4\n-1,0\n2,-5\n"


def run(program, words, cwd):
    done = subprocess.run([program] + words, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{shlex.join(words)}: {done.stderr.strip()}")
    return done.stdout


def strip_metadata(path):
    """Leaves x0 and x1 alone in a safetensors file: pairs of which nobody says where they are from."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
        data = file.read()
    header = {name: header[name] for name in ("x0", "x1")}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + data)


def option(words, name, otherwise):
    return words[words.index(name) + 1] if name in words else otherwise


def loss_on(program, pairs, name, model, interpolant, directory):
    words = ["variance", "--model", model, "--weights", f"{name}/weights.safetensors", "--pairs",
             pairs, "--interpolant", interpolant, "--json"]
    return json.loads(run(program, words, directory))["loss"]


def loss_ratio(program, entry, seed, directory):
    """The exact loss on the training pairs over that on other pairs of the same coupling."""
    name, _, train, pairs = entry
    words = shlex.split(train) + ["--seed", str(seed)]
    law = shlex.split(pairs) if pairs is not None else []
    if pairs is None:
        for key in ("--source", "--target", "--coupling", "--pairs"):
            if key in words:
                law += [key, option(words, key, "")]
    others = os.path.join(directory, name + "-others.safetensors")
    run(program, ["pairs"] + law + ["--seed", str(seed + 1000), "--out", others, "--quiet"],
        directory)
    model = option(words, "--model", "mlp")
    interpolant = option(words, "--interpolant", "linear")
    trained = loss_on(program, f"{name}/pairs.safetensors", name, model, interpolant, directory)
    return trained / loss_on(program, others, name, model, interpolant, directory)


def examine(program, entry, seed, directory):
    name, kind, train, pairs = entry
    words = shlex.split(train) + ["--seed", str(seed), "--quiet", "--out", name]
    if pairs is not None:
        path = os.path.join(directory, name + ".safetensors")
        run(program, ["pairs", "--seed", str(seed), "--out", path, "--quiet"] + shlex.split(pairs),
            directory)
        strip_metadata(path)
        words += ["--pairs-file", path]
    if not os.path.exists(os.path.join(directory, name, "summary.json")):
        if os.path.exists(os.path.join(directory, name)):
            words.append("--resume")  # stopped on the way
        run(program, ["train"] + words, directory)
    ratio = loss_ratio(program, entry, seed, directory)
    memorises = {"rule": False, "fresh": False, "few": True}.get(kind, ratio < FITTED)
    found = json.loads(run(program, ["diagnose", "--run", name, "--no-sweep", "--json"], directory))
    return memorises, ratio, found


def interval(number):
    return f"{number['mean']:.2f} [{number['low']:.2f}, {number['high']:.2f}]"


def write_page(rows, right, machine):
    lines = [
        "# How often `gradvar diagnose` is right", "",
        "Written by `bench/diagnose_bar.py`, do not edit. Twenty runs whose kind is known, on data, "
        "networks and seeds that the rule's numbers were not chosen on; "
        "[flow/memorisation.h](../flow/memorisation.h) states the rule.", "",
        f"Machine: {machine}", "",
        f"**{right} of {len(rows)} right.** " +
        (f"The other {len(BAR) - len(rows)} of the twenty have not been run here yet: "
         "`bench/diagnose_bar.py` runs them. " if len(rows) < len(BAR) else "") +
        "An \"undecided\" counts as wrong. The command: `bench/diagnose_bar.py`.", "",
        "Kinds, and how they are known without looking at generated points: *rule*, pairs of a map or "
        "an assignment, enough to learn it: does not memorise; *fresh*, new pairs at every step: does "
        "not; *few*, new sources but a handful of targets: memorises, for the minimiser ends on them; "
        "*random* and *too few*, fixed pairs: memorises when the exact loss on the training pairs is "
        "under a ninth of that on as many others of the same coupling (the loss ratio), which the rule "
        "does not look at. Errors are median distances to the partner over that between random "
        "partners; remembered is the share of training pairs that return, beyond luck.", "",
        "| run | kind | loss ratio | memorises | said | probability | error, training | "
        "error, held out | remembered | right |",
        "|---|---|---|---|---|---|---|---|---|---|"]
    for row in rows:
        e = row["found"]
        lines.append(
            f"| {row['entry'][0]} | {row['entry'][1]} | {row['ratio']:.3f} | "
            f"{'yes' if row['truth'] else 'no'} | {e['verdict']} | {e['probability']:.2f} | "
            f"{interval(e['training_error'])} | {interval(e['held_out_error'])} | "
            f"{interval(e['remembered'])} | {'yes' if e['memorises'] == row['truth'] else '**no**'} |")
    fixed = ("random", "too few")
    by_half = sum(row["found"]["memorises"] ==
                  (row["ratio"] < 0.5 if row["entry"][1] in fixed else row["truth"])
                  for row in rows)
    lines += ["", f"The criterion of one ninth was chosen on the tuning runs, in place of one half, "
              f"before any of these was run; by one half {by_half} of {len(rows)} would be right."]
    wrong = [row for row in rows if row["found"]["memorises"] != row["truth"]]
    if wrong:
        lines += ["", "## Where it was wrong", ""]
        for row in wrong:
            reason = WHY_WRONG.get(row["entry"][0], "Not explained yet.")
            lines.append(f"- **{row['entry'][0]}**: {reason}")
    lines += ["", "## The runs", "",
              "Arguments of `gradvar train`, seed after seed; those in brackets made the pairs "
              "(`gradvar pairs`), which reached `diagnose` without a word on where they came from.", "",
              "```text"]
    for row in rows:
        name, _, train, pairs = row["entry"]
        lines.append(f"{name}: {train} --seed {row['seed']}" + (f"  ({pairs})" if pairs else ""))
    lines += ["```", ""]
    with open(os.path.join(ROOT, "docs", "diagnose.md"), "w") as file:
        file.write("\n".join(lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=os.path.join(ROOT, "build", "gradvar"))
    parser.add_argument("--set", choices=["bar", "tuning"], default="bar")
    parser.add_argument("--only", default="", help="names that contain this")
    parser.add_argument("--keep", default="", help="directory for the runs; a temporary one else")
    parser.add_argument("--page", action="store_true",
                        help="run nothing: write the page from what --keep holds")
    arguments = parser.parse_args()
    program = os.path.abspath(arguments.program)
    runs, first_seed = (TUNING, 1) if arguments.set == "tuning" else (BAR, 501)
    with tempfile.TemporaryDirectory() as temporary:
        directory = os.path.abspath(arguments.keep) if arguments.keep else temporary
        os.makedirs(directory, exist_ok=True)
        with open(os.path.join(directory, "points.csv"), "w") as file:
            file.write(POINTS)
        with open(os.path.join(directory, "five.csv"), "w") as file:
            file.write(FIVE)
        rows = []
        for number, entry in enumerate(runs):
            if arguments.only not in entry[0]:
                continue
            result = os.path.join(directory, entry[0] + ".json")
            if not os.path.exists(result):
                if arguments.page:
                    continue
                found = examine(program, entry, first_seed + number, directory)
                with open(result + ".tmp", "w") as file:
                    json.dump(found, file)
                os.rename(result + ".tmp", result)
            with open(result) as file:
                memorises, ratio, e = json.load(file)
            rows.append({"entry": entry, "seed": first_seed + number, "truth": memorises,
                         "ratio": ratio, "found": e})
            print(f"{entry[0]:18} {entry[1]:8} truth {str(memorises):5} loss ratio {ratio:.3f} "
                  f"said {e['verdict']:10} p {e['probability']:.2f} "
                  f"T {e['training_error']['mean']:.3f} H {e['held_out_error']['mean']:.3f} "
                  f"returned {e['returned']:.2f} luck {e['returned_by_luck']:.2f} "
                  f"m {e['remembered']['mean']:.2f} copied {e['copied']['mean']}", flush=True)
        right = sum(row["found"]["memorises"] == row["truth"] for row in rows)
        print(f"{right} of {len(rows)} right")
        if arguments.set == "bar" and not arguments.only:
            machine = json.load(open(os.path.join(directory, BAR[0][0], "summary.json")))["machine"]
            write_page(rows, right, machine)


if __name__ == "__main__":
    main()
