"""Trains a run by several workers, each of which calls `train`: `launch.py` starts them, or plain torchrun,

    torchrun --nproc-per-node 2 train.py RUN_FOLDER

The loop is that of src-main/jobs/train/loop.ts: it starts from the newest checkpoint or from the initial weights, draws the
batches of the one-machine run, and writes the same run folder. The workers share each update's images, add up their
gradients, and so keep the same weights; worker 0 writes."""

import errno
import math
import os
import socket
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed as dist
from torch.nn.parallel import DistributedDataParallel

from data import Batches, ImageFiles, Share, orders, rounded
from objectives import model_of
from optimizer import Optimizer, learning_rate_at
from precision import allow_tf32
from reconstructions import Reconstructions
from run_folder import Record, RunError, RunFolder, now

NO_INTERVAL = {"sum": 0.0, "steps": 0, "validation": None}
GO_ON, PAUSED, STOPPED, FAILED, LOST = range(5)
"""What the workers agree on before each step; the largest of their wishes counts."""


class Training:
    """A run as one of its workers trains it."""

    def __init__(self, folder: RunFolder, device: torch.device) -> None:
        self.folder, self.device = folder, device
        self.rank, self.world = dist.get_rank(), dist.get_world_size()
        self.run = folder.read()
        self.h = h = self.run["hyperparameters"]
        mean, deviation = (torch.tensor(self.run["statistics"][name], device=device) for name in ("mean", "deviation"))
        self.scale, self.shift = 1 / (255 * deviation), -mean / deviation
        self.files = ImageFiles(self.run, folder.images())
        self.batches = Batches(self.files, self.rank, self.world, decoders(self.run))
        self.images_per_step = h["batchSize"] * h["accumulation"]
        torch.set_num_threads(self.run["threads"] or max(1, cores()))

        step = broadcast(folder.newest_step() if self.rank == 0 else None)
        weights, moments, state = (folder.initial_weights(), {}, None) if step is None else folder.load_checkpoint(step)
        self.place(state)
        allow_tf32(h["precision"])
        model = model_of(h)
        model.load_state_dict(weights)
        self.model = model.to(device)
        # The compiled model has the weights of the other, under other names. Older runs lack the setting.
        self.parallel = DistributedDataParallel(torch.compile(self.model) if h.get("compile") else self.model)
        self.optimizer = Optimizer(h, self.model, moments, self.step)
        self.saved_at = -1 if state is None else self.step
        self.reconstructions: Reconstructions | None = None
        self.reported: set[int] = set()

    def place(self, state: Record | None) -> None:
        """Where to go on. With another batch size an epoch has other batches: then the nearest to the same place in it."""
        h, per_epoch = self.h, self.batches.per_epoch
        kept = state or {"step": 0, "batch": 0, "batchesPerEpoch": per_epoch, "interval": NO_INTERVAL, "best": None, "seconds": 0}
        self.step = self.first_step = kept["step"]
        self.first_batch = rounded(kept["batch"] * per_epoch / kept["batchesPerEpoch"])
        self.interval, self.best = dict(kept["interval"]), kept["best"]
        self.total_steps = max(1, self.step + (h["epochs"] * per_epoch - self.first_batch) // h["accumulation"])
        self.save_every = max(1, rounded(h["checkpointEvery"] * per_epoch / h["accumulation"]))
        self.begin = time.perf_counter() - kept["seconds"]

    def batches_at(self, step: int) -> int:
        return self.first_batch + (step - self.first_step) * self.h["accumulation"]

    def epoch_of(self, step: int) -> float:
        return self.batches_at(step) / self.batches.per_epoch

    @property
    def is_patience_over(self) -> bool:
        return bool(self.h["patience"] and self.best and self.best["checkpointsAgo"] >= self.h["patience"])

    def train(self) -> None:
        """Trains to the end of the run, or until it is asked to stop, and says in run.json what became of it."""
        try:
            self.announce()
            self.loop()
        finally:
            self.batches.close()

    def loop(self) -> None:
        updates = self.batches.updates(self.first_batch)
        failure: RunError | None = None
        wish = GO_ON
        pace = {"waited": 0.0, "duration": 0.0}
        while self.step < self.total_steps and not self.is_patience_over:
            start = time.perf_counter()
            try:
                share = next(updates)
            except RunError as error:
                failure = error
            wish = self.agree(failure)
            if wish != GO_ON:
                break
            waited = time.perf_counter() - start
            numbers = self.update(share)
            if not (math.isfinite(numbers["loss"]) and math.isfinite(numbers["gradientNorm"])):
                return self.end("failed", not_finite(self.step + 1, self.saved_at))
            self.step += 1
            self.interval["sum"] += numbers["loss"]
            self.interval["steps"] += 1

            duration = time.perf_counter() - start
            pace = {"waited": pace["waited"] * 0.9 + waited, "duration": pace["duration"] * 0.9 + duration}
            validation = self.validate() if self.ends_epoch() else None
            if validation is not None:
                self.interval["validation"] = validation
            self.begin += time.perf_counter() - start - duration  # validation is not training
            if self.rank == 0:
                numbers["imagesPerSecond"] = self.images_per_step / duration
                numbers["dataWait"] = pace["waited"] / pace["duration"]
                self.note_step(share, numbers if validation is None else numbers | {"validationLoss": validation})
            if self.step % self.save_every == 0 or self.step == self.total_steps:
                failure = self.save()
        if wish != LOST and self.step != self.saved_at:
            failure = self.save() or failure
        self.finish(wish, failure)

    def agree(self, failure: RunError | None) -> int:
        """What all workers do next, so that they leave the loop together."""
        wish = FAILED if failure else GO_ON
        if self.rank == 0 and not failure:
            asked = {None: GO_ON, "paused": PAUSED, "stopped": STOPPED}[self.folder.requested()]
            wish = asked if self.folder.is_ours() else LOST
        return int(self.summed(torch.tensor(float(wish)), dist.ReduceOp.MAX).item())

    def summed(self, values: Tensor, operation: Any = dist.ReduceOp.SUM) -> Tensor:
        values = values.to(self.device)
        dist.all_reduce(values, operation)
        return values

    def announce(self) -> None:
        """Writes down that and where the run goes on."""
        workers: list[Any] = [None] * self.world
        dist.all_gather_object(workers, f"{socket.gethostname()} process {os.getpid()}")
        if self.rank != 0:
            return
        run, step = self.folder.read(), self.first_step
        self.folder.cut_metrics(step)
        began = self.saved_at >= 0 or run["step"] > 0 or run["seams"]
        seam = {"step": step, "at": now(), "changes": run["pendingChanges"]}
        self.folder.update(
            status="running",
            step=step,
            totalSteps=self.total_steps,
            error=None,
            seams=[*run["seams"], seam] if began else [],
            pendingChanges=[],
        )
        self.folder.log(f"Goes on from the checkpoint of step {step}." if began else f"Starts: {self.total_steps} steps.")
        for change in run["pendingChanges"]:
            self.folder.log(f"Changed {change['setting']} from {change['from']} to {change['to']}.")
        self.folder.log(f"Workers: {', '.join(workers)}.")
        self.reconstructions = Reconstructions(self.folder, self.run, self.files)

    def update(self, share: Share) -> Record:
        """One update of the weights by this worker's images and those of all others; the loss of them all, the learning
        rate and the norm of the gradient. In float16, gradients beyond its range are computed again at half the scale."""
        learning_rate = learning_rate_at(self.h, self.epoch_of(self.step))
        while True:
            loss = self.gradients(share)
            norm = self.optimizer.update(learning_rate)
            if math.isfinite(norm) or not (math.isfinite(loss) and self.optimizer.can_scale_lower):
                return {"loss": loss, "learningRate": learning_rate, "gradientNorm": norm}

    def gradients(self, share: Share) -> float:
        """Computes the gradients of an update in parts of at most a batch; the loss of the images of all workers."""
        parts = list(zip(*(torch.from_numpy(a).split(self.h["batchSize"]) for a in (share.pixels, share.order))))
        loss = torch.zeros((), dtype=torch.float64, device=self.device)
        for i, (pixels, order) in enumerate(parts, 1):
            with nullcontext() if i == len(parts) else self.parallel.no_sync():
                losses = self.parallel(self.normalised(pixels), order.to(self.device)).sum() / self.images_per_step
                # The mean over workers that is made of the gradients is then their sum.
                self.optimizer.scaled(losses * self.world).backward()
            loss += losses.detach()
        return self.summed(loss).item()

    def normalised(self, pixels: Tensor) -> Tensor:
        """[b, S, S, 3] bytes -> [b, 3, S, S]"""
        return (pixels.to(self.device) * self.scale + self.shift).permute(0, 3, 1, 2).contiguous()

    def ends_epoch(self) -> bool:
        whole = [math.floor(self.epoch_of(step)) for step in (self.step - 1, self.step)]
        return whole[1] > whole[0] or self.step == self.total_steps

    @torch.no_grad()
    def validate(self) -> float | None:
        """Mean loss of the held-out images that can be read, each cropped in the middle and in an order that stays the
        same; None where there are none."""
        held = self.files.of("validation")[self.rank :: self.world]
        sums = torch.zeros(2, dtype=torch.float64)
        for first in range(0, len(held), self.h["batchSize"]):
            found = self.batches.centred(held[first : first + self.h["batchSize"]])
            if not found:
                continue
            images, pixels = zip(*found)
            order = orders(self.h, self.h["splitSeed"], np.zeros(len(images)), np.array(images))
            batch = torch.from_numpy(np.stack(pixels))
            losses = self.model(self.normalised(batch), torch.from_numpy(order).to(self.device))
            sums += torch.tensor([losses.sum().item(), len(images)])
        total, count = self.summed(sums).tolist()
        return total / count if count else None

    def note_step(self, share: Share, numbers: Record) -> None:
        for image, reason in share.unreadable.items():
            if image not in self.reported:
                self.folder.log(f"Left out {self.files.paths[image]}: {reason}.")
                self.reported.add(image)
        place = {"step": self.step, "epoch": self.epoch_of(self.step)}
        costs = {"memory": resident_bytes(), "seconds": time.perf_counter() - self.begin}
        self.folder.append_metric(place | numbers | costs)

    def save(self) -> RunError | None:
        """Writes checkpoint and reconstructions; answers why worker 0 could not."""
        pause = time.perf_counter()
        regular = self.step % self.save_every == 0 or self.step == self.total_steps
        loss = self.interval["validation"]
        if loss is None and self.interval["steps"]:
            loss = self.interval["sum"] / self.interval["steps"]
        if regular and loss is not None:
            self.best = better_of(self.best, loss)
        if regular:
            self.interval = dict(NO_INTERVAL)
        failure = None
        if self.rank == 0:
            state = {
                "step": self.step,
                "epoch": self.epoch_of(self.step),
                "batch": self.batches_at(self.step),
                "batchesPerEpoch": self.batches.per_epoch,
                "number": math.ceil(self.step / self.save_every) if regular else None,
                "loss": loss,
                "interval": self.interval,
                "best": self.best,
                "seconds": pause - self.begin,
                "savedAt": now(),
            }
            try:
                self.write(state)
            except OSError as error:
                failure = unwritable(error)
        self.saved_at = self.step
        dist.barrier()
        self.begin += time.perf_counter() - pause  # saving is not training
        return failure

    def write(self, state: Record) -> None:
        """First the reconstructions, so that whoever sees the checkpoint finds them."""
        self.reconstructions.write(self.step, self.model, self.normalised)
        self.folder.save_checkpoint(self.model.state_dict(), self.optimizer.moments(), state)
        self.folder.update(step=self.step)
        self.folder.log(f"Saved the checkpoint of step {self.step}.")

    def finish(self, wish: int, failure: RunError | None) -> None:
        """Says what became of the run: the worker that failed, else worker 0."""
        if failure:
            self.end("failed", failure, of_all=False)
        elif wish in (PAUSED, STOPPED):
            self.end("paused" if wish == PAUSED else "stopped")
        elif wish == GO_ON:
            if self.rank == 0 and self.step < self.total_steps:
                self.folder.log(f"Ends early: {self.h['patience']} checkpoints in a row brought no lower loss.")
            self.end("finished")
        dist.barrier()

    def end(self, status: str, error: RunError | None = None, of_all: bool = True) -> None:
        if of_all and self.rank != 0:
            return
        self.folder.end(status, error)


def better_of(best: Record | None, loss: float) -> Record:
    if best is None or loss < best["loss"]:
        return {"loss": loss, "checkpointsAgo": 0}
    return {**best, "checkpointsAgo": best["checkpointsAgo"] + 1}


def not_finite(step: int, saved_at: int) -> RunError:
    begin = f"The checkpoint of step {saved_at} is good: resume from it" if saved_at > 0 else "Start again"
    return RunError(
        "not-finite",
        f"The loss is no longer a number at step {step}.",
        f"{begin} with a lower base learning rate or a clipped gradient norm.",
    )


def unwritable(error: OSError) -> RunError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunError(
            "disk-full", "The disk is full. The last checkpoint is whole.", "Free some space, then resume the run."
        )
    return RunError("unexpected", f"Worker 0 cannot write to the run folder: {error}.", "Check its disk and its rights.")


def is_out_of_memory(error: BaseException) -> bool:
    """CUDA has an error of its own for it; its libraries and the allocator of the CPU have words."""
    words = ("out of memory", "can't allocate memory", "STATUS_ALLOC_FAILED")
    return isinstance(error, (MemoryError, torch.OutOfMemoryError)) or any(word in str(error) for word in words)


def no_memory(batch: int) -> RunError:
    return RunError(
        "out-of-memory",
        f"A batch of {batch} does not fit in memory.",
        "Resume with gradient checkpointing or a smaller batch, and accumulation to keep the effective batch.",
    )


def broadcast(value: Any) -> Any:
    """Worker 0's value, for all workers."""
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]


def cores() -> int:
    """Processor cores for each of the workers of this machine."""
    return (os.cpu_count() or 1) // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))


def decoders(run: Record) -> int:
    return run["decoders"] or max(cores() - 1, 1)


def resident_bytes() -> int:
    """Resident memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def train(folder: str, token: str | None, device: torch.device) -> None:
    """Trains the run of a folder as one worker of a process group. `token` is that of the run's lock. Where a worker has no
    memory left it says so and ends; those that are started anew for it find that said, and end too."""
    if device.type == "cuda":
        torch.cuda.set_device(device)
    run = RunFolder(Path(folder), token)
    if run.outcome.exists():
        return
    try:
        Training(run, device).train()
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            run.end("failed", no_memory(run.read()["hyperparameters"]["batchSize"]))
        raise


def main() -> None:
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if cuda else torch.device("cpu")
    dist.init_process_group("nccl" if cuda and dist.is_nccl_available() else "gloo")
    train(sys.argv[1], os.environ.get("SAIM_LOCK"), device)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
