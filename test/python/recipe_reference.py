"""Writes a folder of reference data of fine-tuning or a linear probe, as the authors' recipes have them, with PyTorch alone
(resources/cluster is on Python's path: its encoder is compared with the authors' elsewhere).

recipe_reference.py FOLDER KIND POOLING IMAGE_SIZE PATCH WIDTH DEPTH HEADS CLASSES BATCH STEPS [labels]
"""

import json
import math
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

from objectives import Saim
from vit import layer_norm

folder, kind, pooling = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
size, patch, width, depth, heads, classes, batch, steps = map(int, sys.argv[4:12])
torch.manual_seed(1)
sizes = {"imageSize": size, "patchSize": patch, "width": width, "depth": depth, "heads": heads, "queryDepth": 0}
encoder = Saim({**sizes, "head": "linear", "shareWeights": True, "positions": "learned", "precision": "float32"})
for parameter in encoder.parameters():
    parameter.data += 0.02 * torch.randn_like(parameter)
final = "norm" if pooling == "class" else "fc_norm"


class Recognition(nn.Module):
    """Class token through `norm`, or mean of patches through `fc_norm`, and what comes after it."""

    def __init__(self, head: nn.Module) -> None:
        super().__init__()
        self.cls_token, self.pos_embed = encoder.cls_token, encoder.pos_embed
        self.patch_embed, self.blocks = encoder.patch_embed, encoder.blocks
        self.head = head
        setattr(self, final, encoder.norm if pooling == "class" else layer_norm(width))

    def features(self, images: torch.Tensor) -> torch.Tensor:
        tokens = encoder.features(images)
        pooled = tokens[:, 0] if pooling == "class" else tokens[:, 1:].mean(1)
        return getattr(self, final)(pooled)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.head(self.features(images))


def save(name: str, tensors: dict) -> None:
    save_file({key: value.detach().clone().contiguous() for key, value in tensors.items()}, folder / f"{name}.safetensors")


folder.mkdir(parents=True, exist_ok=True)
images, labels = torch.randn(batch, 3, size, size), torch.randint(classes, (batch,))
soft = torch.softmax(torch.randn(batch, classes), 1)
targets = F.one_hot(labels, classes).float() if "labels" in sys.argv else soft
manifest = {
    "kind": kind,
    "config": {"img_size": size, "patch_size": patch, "embed_dim": width, "depth": depth, "num_heads": heads},
    "classes": classes,
    "pooling": "class token, pre-trained norm" if pooling == "class" else "mean of patches, new fc_norm",
    "batch": batch,
    "steps": steps,
    "losses": [],
}


def loss_of(logits: torch.Tensor) -> torch.Tensor:
    return -(targets * logits.log_softmax(1)).sum(1).mean()


def train(optimizer: torch.optim.Optimizer, rates: list[float], forward) -> None:
    for rate in rates:
        for group in optimizer.param_groups:
            group["lr"] = rate * group.get("lr_scale", 1)
        optimizer.zero_grad()
        loss = loss_of(forward())
        loss.backward()
        optimizer.step()
        manifest["losses"].append(loss.item())
    manifest["learning_rates"] = rates


if kind == "finetune":
    model = Recognition(nn.Linear(width, classes))
    nn.init.trunc_normal_(model.head.weight, std=2e-5)
    nn.init.zeros_(model.head.bias)
    decay, layer_decay, betas = 0.1, 0.75, (0.9, 0.99)

    def group(name: str, parameter: nn.Parameter) -> list[float]:
        layer = 0 if name in ("cls_token", "pos_embed") or name.startswith("patch_embed") else depth + 1
        if name.startswith("blocks."):
            layer = int(name.split(".")[1]) + 1
        decays = parameter.ndim > 1 and name not in ("cls_token", "pos_embed")
        return [layer_decay ** (depth + 1 - layer), decay if decays else 0.0]

    named = dict(model.named_parameters())
    manifest["groups"] = {name: group(name, parameter) for name, parameter in named.items()}
    manifest["optimizer"] = {"betas": betas, "weight_decay": decay, "layer_decay": layer_decay}
    save("weights", named)
    logits = model(images)
    loss_of(logits).backward()
    save("gradients", {name: parameter.grad for name, parameter in named.items()})
    answer = {"targets": targets} if "labels" not in sys.argv else {"labels": labels}
    save("forward", {"images": images, "logits": logits, "loss": loss_of(logits).reshape(1), **answer})
    groups = [
        {"params": [named[name]], "lr_scale": share, "weight_decay": amount}
        for name, (share, amount) in manifest["groups"].items()
    ]
    cosine = [1e-3 * 0.5 * (1 + math.cos(math.pi * step / steps)) for step in range(steps)]
    train(torch.optim.AdamW(groups, betas=betas), cosine, lambda: model(images))
    save("weights_after", named)
else:
    model = Recognition(nn.Sequential(nn.BatchNorm1d(width, affine=False, eps=1e-6), nn.Linear(width, classes)))
    nn.init.trunc_normal_(model.head[1].weight, std=0.01)
    weights = {name: value for name, value in model.state_dict().items() if "num_batches" not in name}
    save("weights", weights)
    features = model.features(images).detach()
    manifest["optimizer"] = {"name": "SGD", "momentum": 0.9, "weight_decay": 0.0}
    cosine = [0.1 * 0.5 * (1 + math.cos(math.pi * step / steps)) for step in range(steps)]
    train(torch.optim.SGD(model.head.parameters(), lr=0.1, momentum=0.9), cosine, lambda: model.head(features))
    after = {name: value for name, value in model.state_dict().items() if name.startswith("head.") and name in weights}
    save("weights_after", after)
    answer = {"targets": targets} if "labels" not in sys.argv else {"labels": labels}
    save("forward", {"images": images, "features": features, "eval_logits": model.eval().head(features), **answer})
(folder / "manifest.json").write_text(json.dumps(manifest))
