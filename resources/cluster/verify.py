"""Compares this module with a folder of reference data, as src-main/jobs/prove/verify.ts does with our own model.

verify.py FOLDER SETTINGS TOLERANCES: prints the differences found and allowed, as JSON. Settings and tolerances are those
of that file."""

import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from objectives import Saim, smooth, target
from optimizer import Optimizer
from vit import position_embedding, sort_tokens

folder, (h, tolerances) = Path(sys.argv[1]), map(json.loads, sys.argv[2:])
manifest = json.loads((folder / "manifest.json").read_text())
weights, forward, gradients, training, after = (
    load_file(folder / f"{name}.safetensors") for name in ("weights", "forward", "gradients", "training", "weights_after")
)
ROUNDING = 1e-5
"""A gradient below this share of the largest of its layer is zero but for rounding, and so is how its weight moves."""

checks: list[dict] = []


def check(name: str, actual: Tensor, expected: Tensor, tolerance: float, scale: float = 1) -> None:
    assert actual.shape == expected.shape, f"{name}: {actual.shape} and {expected.shape}"
    difference = (actual - expected).abs().max().item() / scale
    checks.append({"name": name, "difference": difference, "tolerance": tolerance})


def order_of(noise: Tensor) -> Tensor:
    return noise.reshape(len(forward["images"]), -1).argsort(stable=True)


model = Saim(h)
model.load_state_dict({name: weights[name] for name in model.state_dict()})
trained = dict(model.named_parameters())
images, order = forward["images"], order_of(forward["noise"])

positions = position_embedding(h["imageSize"] // h["patchSize"], h["width"])
check("position embedding", positions, weights["pos_embed"][0, 1:], tolerances["forward"])
check("smoothed images", smooth(h, images), forward["images_smoothed"], tolerances["forward"])
check("target", target(h, images)[0], forward["target"], tolerances["forward"])
with torch.no_grad():
    prediction = sort_tokens(model.predict(images, order), order.argsort(1))
check("prediction", prediction, forward["pred"][:, -prediction.shape[1] :], tolerances["forward"])

loss = model(images, order).mean()
loss.backward()
check("loss", loss.detach(), forward["loss"].reshape(()), tolerances["loss"])
size = {name: gradients[name].abs().max().item() for name in trained}
layer = {name: max(size[other] for other in trained if other.rpartition(".")[0] == name.rpartition(".")[0]) for name in trained}
zero = {name for name in trained if size[name] < ROUNDING * layer[name]}
for name, parameter in trained.items():
    scale = max(layer[name] if name in zero else size[name], ROUNDING * max(size.values()))
    check(f"gradient {name}", parameter.grad, gradients[name], tolerances["gradient"], scale)

optimizer = Optimizer(h, model, {}, 0)
model.zero_grad()
losses, rates = [], manifest["learning_rates"]
for noise, rate in zip(training["noise"], rates):
    loss = model(images, order_of(noise)).mean()
    optimizer.scaled(loss).backward()
    optimizer.update(rate)
    losses.append(loss.item())
check("losses", torch.tensor(losses), torch.tensor(manifest["losses"]), tolerances["training"])
for name in trained.keys() - zero:
    check(f"trained {name}", trained[name].detach(), after[name], tolerances["training"])
print(json.dumps(checks))
