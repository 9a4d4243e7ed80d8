"""What this module makes of a training step on this machine, for src-main/jobs/prove/twin.ts:

    prove.py FOLDER

reads job.json, weights.safetensors and inputs.safetensors of the folder, writes the loss and gradients of a small model to
outputs.safetensors, times the steps of presets, and prints what it found as JSON."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from data import orders
from objectives import Objective, model_of
from optimizer import Optimizer
from precision import allow_tf32
from run_folder import Record, Tensors
from train import resident_bytes


def has() -> list[str]:
    """The precisions that the device computes in by itself."""
    if not torch.cuda.is_available():
        return ["float32", "bfloat16", "float16"]
    ampere = torch.cuda.get_device_capability() >= (8, 0)
    return ["float32", *(["tf32", "bfloat16"] if ampere else []), "float16"]


def take_step(model: Objective, optimizer: Optimizer, images: Tensor, order: Tensor) -> Tensor:
    """The loss of a batch, whose gradients are computed as in training."""
    loss = model(images, order).mean()
    optimizer.scaled(loss).backward()
    return loss.detach()


def gradients(h: Record, weights: Tensors, inputs: Tensors, device: torch.device) -> Tensors:
    """Loss and gradients of one batch."""
    model = model_of(h).to(device)
    model.load_state_dict(weights)
    optimizer = Optimizer(h, model, {}, 0)
    images = inputs["images"].to(device).permute(0, 3, 1, 2).contiguous()
    loss = take_step(model, optimizer, images, inputs["order"].long().to(device))
    optimizer.scaler.unscale_(optimizer.adamw)
    return {"loss": loss.reshape(1)} | {name: weight.grad for name, weight in model.named_parameters()}


def measure(h: Record, device: torch.device, steps: int, seconds: float) -> Record:
    """Images that training takes in a second, after a first step, and what it is until then that is no step's own."""
    begin = time.perf_counter()
    model = model_of(h).to(device)
    optimizer = Optimizer(h, model, {}, 0)
    images = torch.randn(h["batchSize"], 3, h["imageSize"], h["imageSize"], device=device)
    places = np.arange(h["batchSize"])
    order = torch.from_numpy(orders(h, 0, np.zeros_like(places), places)).to(device)
    done, start = -1, 0.0
    while done < steps or time.perf_counter() - start < seconds:
        take_step(model, optimizer, images, order)
        optimizer.update(1e-4)
        done += 1
        start = start or time.perf_counter()
    speed = done * h["batchSize"] / (time.perf_counter() - start)
    ready = max(0.0, start - begin - h["batchSize"] / speed)
    return {"imagesPerSecond": speed, "readySeconds": ready, "memoryBytes": resident_bytes()}


def measure_presets(job: Record, device: torch.device) -> list[Record]:
    """Presets from the smallest on, as far as they fit into seconds and into memory."""
    found: list[Record] = []
    flops_per_second = math.inf
    for preset in job["presets"]:
        h, flops = preset["h"], preset["flops"]
        if 3 * h["batchSize"] * flops / flops_per_second > job["patience"]:
            break
        try:
            result = measure(h, device, job["steps"], job["seconds"])
        except torch.OutOfMemoryError:
            if not found:
                raise
            break
        flops_per_second = result["imagesPerSecond"] * flops
        found.append({"preset": preset["preset"], **result})
    return found


def main() -> None:
    folder = Path(sys.argv[1])
    job: dict[str, Any] = json.loads((folder / "job.json").read_text("utf-8"))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda" if cuda else "cpu")
    torch.set_num_threads(job["threads"] or torch.get_num_threads())
    allow_tf32(job["small"]["precision"])
    weights, inputs = (load_file(folder / f"{name}.safetensors") for name in ("weights", "inputs"))
    found = gradients(job["small"], weights, inputs, device)
    save_file({name: tensor.cpu().contiguous() for name, tensor in found.items()}, folder / "outputs.safetensors")
    name = torch.cuda.get_device_name() if cuda else None
    print(json.dumps({"device": name, "has": has(), "presets": measure_presets(job, device)}))


if __name__ == "__main__":
    main()
