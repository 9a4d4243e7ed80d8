"""Times a training step of SAIM in PyTorch, eager, fp32, written as the authors' code is: unsorted tokens and
additive masks. Prints one JSON line. Usage: pytorch_step.py '{"imageSize": 64, ...}' batch steps threads"""

import json
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F

h = json.loads(sys.argv[1])
batch, steps, threads = (int(value) for value in sys.argv[2:5])
torch.set_num_threads(threads)
width, heads, patch = h["width"], h["heads"], h["patchSize"]
tokens = (h["imageSize"] // patch) ** 2


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.proj = (nn.Linear(width, width) for _ in range(4))

    def forward(self, x, context, mask):
        b, n, _ = x.shape
        q, k, v = (
            linear(t).reshape(b, n, heads, width // heads).transpose(1, 2)
            for linear, t in ((self.q, x), (self.k, context), (self.v, context))
        )
        scores = q @ k.transpose(-2, -1) * (width // heads) ** -0.5 + mask
        return self.proj((scores.softmax(-1) @ v).transpose(1, 2).reshape(b, n, width))


class Mlp(nn.Module):
    def __init__(self, outputs):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, 4 * width), nn.Linear(4 * width, outputs)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, eps=1e-6), nn.LayerNorm(width, eps=1e-6)
        self.attn, self.mlp = Attention(), Mlp(width)

    def forward(self, x, context, mask):
        x = x + self.attn(self.norm1(x), self.norm1(context), mask)
        return x + self.mlp(self.norm2(x))


class Saim(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, width, patch, patch)
        self.cls = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.register_buffer("position", torch.randn(1, tokens + 1, width))
        self.blocks = nn.ModuleList(Block() for _ in range(h["depth"]))
        self.query_blocks = nn.ModuleList(Block() for _ in range(h["queryDepth"]))
        self.norm, self.head = nn.LayerNorm(width, eps=1e-6), Mlp(patch * patch * 3)
        kernel = torch.exp(-((torch.arange(9) - 4.0) ** 2) / 2)
        kernel = torch.outer(kernel, kernel)
        self.register_buffer("kernel", (kernel / kernel.sum()).expand(3, 1, 9, 9).clone())

    def masks(self, noise):
        b, n = noise.shape
        earlier = noise.unsqueeze(1) <= noise.unsqueeze(2)
        strictly = noise.unsqueeze(1) < noise.unsqueeze(2)
        result = []
        for visible in (earlier, strictly):
            mask = torch.full((b, n + 1, n + 1), float("-inf"))
            mask[:, :, 0] = 0
            mask[:, 1:, 1:][visible] = 0
            result.append(mask.unsqueeze(1))
        return result

    def forward(self, images):
        content, query = self.masks(torch.rand(images.shape[0], tokens))
        x = self.embed(images).flatten(2).transpose(1, 2) + self.position[:, 1:]
        x = torch.cat((self.cls.expand(len(x), -1, -1), x), 1)
        g = self.position.expand(len(x), -1, -1)
        step = h["depth"] // h["queryDepth"]
        for i, block in enumerate(self.blocks):
            x = block(x, x, content)
            if (i + 1) % step == 0:
                g = self.query_blocks[i // step](g, x, query)
        prediction = self.head(self.norm(g))[:, 1:]
        smooth = F.conv2d(images, self.kernel, groups=3, padding=4)
        b, grid = len(images), h["imageSize"] // patch
        target = smooth.reshape(b, 3, grid, patch, grid, patch).permute(0, 2, 4, 3, 5, 1).reshape(b, tokens, -1)
        target = (target - target.mean(-1, keepdim=True)) / (target.var(-1, keepdim=True) + 1e-6) ** 0.5
        return ((prediction - target) ** 2).mean()


torch.manual_seed(0)
model = Saim()
decayed = [p for p in model.parameters() if p.ndim > 1]
vectors = [p for p in model.parameters() if p.ndim == 1]
groups = [{"params": decayed, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}]
optimizer = torch.optim.AdamW(groups, lr=1e-4, betas=(0.9, 0.95))
images = torch.randn(batch, 3, h["imageSize"], h["imageSize"])
times = []
for _ in range(steps):
    start = time.perf_counter()
    optimizer.zero_grad()
    loss = model(images)
    loss.backward()
    optimizer.step()
    loss.item()
    times.append(1000 * (time.perf_counter() - start))
times = sorted(times[2:])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"median": times[len(times) // 2], "fastest": times[0], "peakMegabytes": peak, "version": torch.__version__}))
