#!/usr/bin/env python3
"""Trains the same networks here and in a peer, turn by turn on the same machine, and prints the ratio of the times.

    bench/compare.py [--rounds N] [--seconds S] [--webai PATH] [CASE...]

Every number is the lowest median over the rounds. The exit status is 1 when a ratio is above its limit, and 3 when a peer is
not installed (bench/peers/setup.sh installs them). PEERS_DIR is where the node modules of the peers lie.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys

# PyTorch's OpenBLAS does not know every processor and then falls back to the slowest kernels: name those that fit.
if "OPENBLAS_CORETYPE" not in os.environ and os.path.exists("/proc/cpuinfo"):
    wide = " avx512vl " in pathlib.Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    os.environ["OPENBLAS_CORETYPE"] = "SkylakeX" if wide else "Haswell"

ROOT = pathlib.Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench" / "peers"
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")


def torch(model, batch):
    return lambda seconds: [PYTHON, PEERS / "torch_train.py", model, "1", str(batch), str(seconds)]


def brain(model):
    return lambda seconds: ["node", PEERS / "js_bench.js", "train", "brain", model, "1", str(seconds)]


def step(model, batch, *options):
    """One training step of a batch on one thread, by `webai bench`."""
    def command(webai, seconds):
        return [webai, "bench", ROOT / "examples" / model, "--train", "--batch", str(batch), "--threads", "1",
                "--device", "cpu", "--seconds", str(seconds), "--json", *options]
    return command, "median_ms"


def whole_training(model, data, *options):
    """A whole training on one thread, by `webai train`: every update of it."""
    def command(webai, seconds):
        del seconds
        return [webai, "train", ROOT / "examples" / model, "--data", data, "--threads", "1", "--device", "cpu",
                "--json", *options]
    return command, "elapsed_ms"


# The peers' scripts train the perceptron by plain descent and LeNet by Adam, count no right answers, and brain.js goes
# through its samples in order: so do we.
PLAIN = ("--option", "momentum=0", "--option", "learningRate=0.1", "--option", "accuracy=false")
ADAM = ("--option", "optimizer=adam", "--option", "accuracy=false")

# Name -> what is compared, ours, the peer's command, the highest ratio that is good enough.
CASES = {
    "mlp32": ("784-128-10, a step of 32 samples", step("clothing.json", 32, *PLAIN), "PyTorch", torch("mlp", 32), 0.5),
    "mlp1": ("784-128-10, a step of 1 sample", step("clothing.json", 1, *PLAIN), "PyTorch", torch("mlp", 1), 0.25),
    "lenet32": ("LeNet, a step of 32 samples", step("lenet.json", 32, *ADAM), "PyTorch", torch("lenet", 32), 1.0),
    "gru32": ("64-GRU 128-64, a step of 32 sequences of 64", step("../bench/recurrent.json", 32, "--steps", "64", *ADAM),
              "PyTorch", torch("chargru", 32), 1.0),
    "xor": ("2-3-1, 20,000 iterations over 4 samples, each an update",
            whole_training("xor.json", "sample:xor", "--option", "maxIterations=20000", "--option", "errorThreshold=0",
                           "--option", "batchSize=1", "--no-shuffle", "--quiet"),
            "brain.js", brain("xor"), 1.0),
}


def run(command):
    """The last JSON object that a command prints, or None when it cannot be run."""
    try:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode != 0 or not lines:
        sys.stderr.write(done.stderr[-500:])
        return None
    return json.loads(lines[-1])


def measure(case, webai, rounds, seconds):
    """Lowest median of ours and of the peer, in ms; None where something did not run."""
    _, (ours, field), _, peer, _ = CASES[case]
    best = [None, None]
    for _ in range(rounds):
        for side, (command, name) in enumerate(((ours(webai, seconds), field), (peer(seconds), "med"))):
            answer = run(command)
            if answer is not None:
                best[side] = min(answer[name], best[side] or answer[name])
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--webai", default=ROOT / "build" / "release" / "webai")
    arguments = parser.parse_args()
    unknown = set(arguments.cases) - set(CASES)
    if unknown:
        parser.error(f"no such case: {', '.join(sorted(unknown))}")

    print("| case | WebAI, ms | peer, ms | ratio | limit |\n|---|---|---|---|---|")
    status = 0
    for case in arguments.cases or CASES:
        title, _, peer_name, _, limit = CASES[case]
        ours, peer = measure(case, arguments.webai, arguments.rounds, arguments.seconds)
        shown = [f"{value:.4g}" if value is not None else "did not run" for value in (ours, peer)]
        ratio = ours / peer if ours is not None and peer else None
        if ratio is None:
            status = 3
        elif ratio > limit and status == 0:
            status = 1
        print(f"| {case}: {title} | {shown[0]} | {peer_name} {shown[1]} | {f'{ratio:.2f}' if ratio else ''} | {limit} |",
              flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
