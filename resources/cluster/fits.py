"""Whether a step of a run fits in the memory of this machine, for src-main/jobs/try/process.ts:

    fits.py RUN_FOLDER BATCH ACCUMULATION

takes two steps of as many images as one worker computes at once, and fails where they do not fit."""

import sys
from pathlib import Path

import torch

from precision import allow_tf32
from prove import measure
from run_folder import RunFolder


def main() -> None:
    folder, batch, accumulation = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    h = RunFolder(folder, None).read()["hyperparameters"]
    gpus = torch.cuda.device_count()
    share = batch * accumulation // max(1, gpus)
    allow_tf32(h["precision"])
    device = torch.device("cuda" if gpus else "cpu")
    measure(h | {"batchSize": max(1, min(batch, share))}, device, steps=2, seconds=0)


main()
