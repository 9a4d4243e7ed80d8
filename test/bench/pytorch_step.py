"""Times a training step of SAIM in PyTorch, eager, fp32, written as the authors' code is: unsorted tokens and
additive masks. Prints one JSON line. Usage: pytorch_step.py '{"imageSize": 64, ...}' batch steps threads"""

import json
import resource
import sys
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1] / "python"))
from saim import Saim  # noqa: E402

h = json.loads(sys.argv[1])
batch, steps, threads = (int(value) for value in sys.argv[2:5])
torch.set_num_threads(threads)

torch.manual_seed(0)
model = Saim(*(h[name] for name in ("imageSize", "patchSize", "width", "depth", "heads", "queryDepth")))
tokens = (h["imageSize"] // h["patchSize"]) ** 2
decayed = [p for p in model.parameters() if p.ndim > 1 and p.requires_grad]
vectors = [p for p in model.parameters() if p.ndim == 1]
groups = [{"params": decayed, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95))
images = torch.randn(batch, 3, h["imageSize"], h["imageSize"])
times = []
for _ in range(steps):
    start = time.perf_counter()
    optimizer.zero_grad()
    loss = model(images, torch.rand(batch, tokens))
    loss.backward()
    optimizer.step()
    loss.item()
    times.append(1000 * (time.perf_counter() - start))
times = sorted(times[2:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"median": times[len(times) // 2], "fastest": times[0], "peakMegabytes": peak, "version": torch.__version__}))
