"""Starts the workers of a run and stays until they end:

    launch.py RUN_FOLDER ray|torchrun WORKERS [ADDRESS]

`ray` is Ray Train, on the cluster at ADDRESS or else on this machine; `torchrun` is PyTorch's own launcher, on this machine,
where 0 workers are one for each GPU, or one without.
Both start the workers anew from the newest checkpoint after one was lost. Standard input stays open as long as whoever
started this is there; SAIM_LOCK holds the token of its lock on the run."""

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from run_folder import RunFolder

RESTARTS = 10
"""After so many losses of a worker the run ends, and goes on when it is resumed."""

PATIENCE = 120
"""Seconds that workers have to save after whoever started them was gone."""


def stop_without_parent(folder: RunFolder) -> None:
    """The run outlives nobody: without whoever started it, it saves and ends as if paused."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        if folder.is_ours():
            folder.request.write_text("paused")
        time.sleep(PATIENCE)
        os.kill(os.getpid(), signal.SIGTERM)  # which torchrun and Ray hand on to their workers
        time.sleep(PATIENCE / 4)
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def ray_worker(config: dict[str, Any]) -> None:
    from ray.train.torch import get_device

    from train import train

    if config["roots"] is not None:
        os.environ["SAIM_ROOTS"] = config["roots"]
    train(config["folder"], config["token"], get_device())


def by_ray(folder: Path, workers: int, address: str | None) -> None:
    """Trains with as many workers as the cluster has room for, at most `workers`."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer

    here = {} if address else {"num_cpus": max(workers, os.cpu_count() or 1)}
    ray.init(address or "local", runtime_env={"working_dir": str(Path(__file__).parent)}, **here)
    notes = folder / "ray"  # what Ray Train keeps for itself, where all machines see it
    trainer = TorchTrainer(
        ray_worker,
        train_loop_config={
            "folder": str(folder),
            "token": os.environ.get("SAIM_LOCK"),
            "roots": os.environ.get("SAIM_ROOTS"),
        },
        scaling_config=ScalingConfig(num_workers=(1, workers), use_gpu=ray.cluster_resources().get("GPU", 0) > 0),
        run_config=RunConfig(uuid4().hex, str(notes), failure_config=FailureConfig(RESTARTS)),
    )
    try:
        trainer.fit()
    finally:
        shutil.rmtree(notes, ignore_errors=True)


def one_for_each_gpu(folder: RunFolder) -> int:
    """At most as many as a step has images."""
    import torch

    h = folder.read()["hyperparameters"]
    return max(1, min(torch.cuda.device_count(), h["batchSize"] * h["accumulation"]))


def by_torchrun(folder: Path, workers: int) -> None:
    # PyTorch's default since 2.4: workers that are started anew find the addresses of the lost ones, and call those.
    os.environ["TORCH_DISABLE_SHARE_RDZV_TCP_STORE"] = "1"
    from torch.distributed.run import main

    script = Path(__file__).with_name("train.py")
    main(["--standalone", f"--nproc-per-node={workers}", f"--max-restarts={RESTARTS}", str(script), str(folder)])


def main() -> None:
    folder, launcher, workers, *address = sys.argv[1:]
    token = os.environ.get("SAIM_LOCK")
    if token:
        stop_without_parent(RunFolder(Path(folder), token))
    if launcher == "ray":
        by_ray(Path(folder), int(workers), address[0] if address else None)
    else:
        by_torchrun(Path(folder), int(workers) or one_for_each_gpu(RunFolder(Path(folder), token)))


if __name__ == "__main__":
    main()
