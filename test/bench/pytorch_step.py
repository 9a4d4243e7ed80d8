"""Times training steps of SAIM in PyTorch, as the authors' loop does them: loss, gradients, their norm, AdamW. On an NVIDIA
GPU where there is one, in the precision of the settings; float16 with a scaled loss.
The model is the authors' own where OFFICIAL names a clone of github.com/qiy20/SAIM, else that of resources/cluster.
Takes turns with others as turns.ts says. Usage: pytorch_step.py '{"imageSize": 64, ...}' threads eager|compile"""

import json
import os
import resource
import sys
import time
from pathlib import Path

import numpy
import torch

start = time.perf_counter()
h, threads, mode = json.loads(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
batch, precision = h["batchSize"], h["precision"]
device = "cuda" if torch.cuda.is_available() else "cpu"
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
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
    from objectives import Saim  # noqa: E402

    model = Saim(h)

model = model.to(device)
tokens = (h["imageSize"] // h["patchSize"]) ** 2
trained = [p for p in model.parameters() if p.requires_grad]
groups = [
    {"params": [p for p in trained if p.ndim > 1], "weight_decay": 0.05},
    {"params": [p for p in trained if p.ndim == 1], "weight_decay": 0.0},
]
optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95))
scaler = torch.amp.GradScaler(device, enabled=precision == "float16")
images = torch.randn(batch, 3, h["imageSize"], h["imageSize"], device=device)
run = torch.compile(model) if mode == "compile" else model
milliseconds = lambda since: 1000 * (time.perf_counter() - since)  # noqa: E731

print(milliseconds(start), flush=True)
for _ in sys.stdin:
    start = time.perf_counter()
    optimizer.zero_grad()
    if official:
        with torch.autocast(device, torch.float16, enabled=precision == "float16"):
            loss = run(images)
    else:
        loss = run(images, torch.rand(batch, tokens, device=device).argsort(1)).mean()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = torch.norm(torch.stack([torch.norm(p.grad) for p in trained]))
    scaler.step(optimizer)
    scaler.update()
    loss.item(), norm.item()
    print(milliseconds(start), flush=True)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
name = f"{'official code' if official else 'PyTorch'}, torch {torch.__version__}, {mode}{'' if precision == 'float32' else f', {precision}'}"
print(json.dumps({"name": name, "peakMegabytes": peak}))
