"""Times a training step of SAIM in PyTorch, eager, fp32, as the authors' loop does it: loss, gradients, their norm, AdamW.
The model is the authors' own where OFFICIAL names a clone of github.com/qiy20/SAIM, else that of resources/cluster.
Prints one JSON line.
Usage: pytorch_step.py '{"imageSize": 64, ...}' batch steps threads"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy
import torch

h = json.loads(sys.argv[1])
batch, steps, threads = (int(value) for value in sys.argv[2:5])
official = os.environ.get("OFFICIAL")
torch.set_num_threads(threads)
torch.manual_seed(0)

if official:
    sys.path.append(official)
    numpy.float = float  # that code is older than the removal of this name
    from models_saim import SaimViT  # noqa: E402

    model = SaimViT(
        img_size=h["imageSize"],
        patch_size=h["patchSize"],
        embed_dim=h["width"],
        depth=h["depth"],
        num_heads=h["heads"],
        query_depth=h["queryDepth"],
        gaussian_kernel_size=9,
        gaussian_sigma=1,
    )
else:
    sys.path.append(str(Path(__file__).parents[2] / "resources" / "cluster"))
    from model import Saim  # noqa: E402

    model = Saim(h)

tokens = (h["imageSize"] // h["patchSize"]) ** 2
trained = [p for p in model.parameters() if p.requires_grad]
groups = [
    {"params": [p for p in trained if p.ndim > 1], "weight_decay": 0.05},
    {"params": [p for p in trained if p.ndim == 1], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95))
images = torch.randn(batch, 3, h["imageSize"], h["imageSize"])
times = []
for _ in range(steps):
    start = time.perf_counter()
    optimizer.zero_grad()
    loss = model(images) if official else model(images, torch.rand(batch, tokens).argsort(1)).mean()
    loss.backward()
    norm = torch.norm(torch.stack([torch.norm(p.grad) for p in trained]))
    optimizer.step()
    loss.item(), norm.item()
    times.append(1000 * (time.perf_counter() - start))
times = sorted(times[2:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
name = f"{'official code' if official else 'PyTorch'}, torch {torch.__version__}"
print(json.dumps({"median": times[len(times) // 2], "fastest": times[0], "peakMegabytes": peak, "name": name}))
