"""Writes evaluation-reference.json: numbers of PyTorch, timm and Pillow that the tests of evaluation compare with.

    .cache/python/bin/python test/python/evaluation_reference.py
"""

import base64
import json
import pathlib
from unittest import mock

import numpy as np
import torch
from PIL import Image
from timm.data import auto_augment
from timm.data.mixup import Mixup
from timm.loss import LabelSmoothingCrossEntropy, SoftTargetCrossEntropy
from timm.models.vision_transformer import VisionTransformer
from timm.optim import param_groups_layer_decay


class LARS(torch.optim.Optimizer):
    """As the authors of MAE, and after them of SAIM, use it for the linear probe (util/lars.py, from MoCo v3)."""

    def __init__(self, params, lr, weight_decay, momentum=0.9, trust_coefficient=0.001):
        super().__init__(
            params,
            dict(lr=lr, weight_decay=weight_decay, momentum=momentum, trust_coefficient=trust_coefficient),
        )

    @torch.no_grad()
    def step(self):
        for g in self.param_groups:
            for p in g["params"]:
                dp = p.grad
                if p.ndim > 1:
                    dp = dp.add(p, alpha=g["weight_decay"])
                    param_norm = torch.norm(p)
                    update_norm = torch.norm(dp)
                    one = torch.ones_like(param_norm)
                    q = torch.where(
                        param_norm > 0.0,
                        torch.where(update_norm > 0, (g["trust_coefficient"] * param_norm / update_norm), one),
                        one,
                    )
                    dp = dp.mul(q)
                state = self.state[p]
                if "mu" not in state:
                    state["mu"] = torch.zeros_like(p)
                mu = state["mu"]
                mu.mul_(g["momentum"]).add_(dp)
                p.add_(mu, alpha=-g["lr"])


def values(tensor):
    return {"shape": list(tensor.shape), "values": [float(f"{v:.9g}") for v in tensor.flatten().tolist()]}


def waves(*shape, start=0):
    """Numbers that the tests can make again without a file: sin(1.7 i)."""
    count = int(np.prod(shape))
    return torch.tensor([np.sin(1.7 * (i + start)) for i in range(count)], dtype=torch.float32).reshape(shape)


def lars():
    weights = [waves(4, 3), waves(3), torch.zeros(2, 2)]
    parameters = [w.clone().requires_grad_() for w in weights]
    optimizer = LARS(parameters, lr=0.5, weight_decay=0.01)
    steps = []
    for step in range(4):
        for i, p in enumerate(parameters):
            p.grad = waves(*p.shape, start=10 * step + i)
        optimizer.step()
        steps.append([values(p.detach()) for p in parameters])
    return {"learningRate": 0.5, "weightDecay": 0.01, "momentum": 0.9, "steps": steps}


def sgd():
    parameter = waves(4, 3).requires_grad_()
    optimizer = torch.optim.SGD([parameter], lr=0.5, weight_decay=0.01, momentum=0.9)
    steps = []
    for step in range(4):
        parameter.grad = waves(4, 3, start=10 * step)
        optimizer.step()
        steps.append(values(parameter.detach()))
    return {"learningRate": 0.5, "weightDecay": 0.01, "momentum": 0.9, "steps": steps}


def layer_decay():
    model = VisionTransformer(
        img_size=16, patch_size=4, embed_dim=32, depth=4, num_heads=2, num_classes=3, global_pool="avg"
    )
    groups = param_groups_layer_decay(model, weight_decay=0.05, layer_decay=0.65)
    named = {id(p): name for name, p in model.named_parameters()}
    return {
        "depth": 4,
        "decay": 0.65,
        "scales": {named[id(p)]: g["lr_scale"] for g in groups for p in g["params"]},
    }


def mixing():
    images, labels = waves(4, 3, 8, 8), torch.tensor([0, 3, 1, 4])
    mixup = Mixup(mixup_alpha=0.8, cutmix_alpha=1.0, mode="batch", label_smoothing=0.1, num_classes=5)
    cases = []
    for share, cut, centre in [(0.3, False, None), (0.4, True, (2, 5)), (0.75, True, (7, 1))]:
        x = images.clone()
        with mock.patch.object(mixup, "_params_per_batch", lambda: (share, cut)):
            with mock.patch("numpy.random.randint", side_effect=centre):
                x, targets = mixup(x, labels)
        cases.append(
            {
                "share": share,
                "centre": centre,
                "images": values(x.permute(0, 2, 3, 1).contiguous()),
                "targets": values(targets),
            }
        )
    return cases


def losses():
    logits = (3 * waves(3, 5)).requires_grad_()
    smoothed = LabelSmoothingCrossEntropy(0.1)(logits, torch.tensor([4, 0, 2]))
    smoothed.backward()
    gradient = logits.grad.clone()
    soft = torch.softmax(waves(3, 5, start=40), 1)
    return {
        "labels": [4, 0, 2],
        "smoothed": smoothed.item(),
        "gradient": values(gradient),
        "softTargets": values(soft),
        "soft": SoftTargetCrossEntropy()(logits, soft).item(),
    }


def batch_norm():
    norm = torch.nn.BatchNorm1d(3, affine=False, eps=1e-6)
    steps = []
    for step in range(3):
        y = norm(5 + 2 * waves(6, 3, start=20 * step))
        steps.append({"output": values(y), "mean": values(norm.running_mean), "variance": values(norm.running_var)})
    norm.eval()
    return {"steps": steps, "evaluated": values(norm(5 + 2 * waves(6, 3, start=100)))}


def positions():
    grid = waves(1, 16, 4, 4)
    resized = {}
    for size in (6, 3):
        y = torch.nn.functional.interpolate(grid, size=(size, size), mode="bicubic", align_corners=False)
        resized[str(size)] = values(y[0].permute(1, 2, 0).contiguous())
    return {"grid": values(grid[0].permute(1, 2, 0).contiguous()), "resized": resized}


def picture(size=24):
    """Pixels that the tests can make again: smooth colours with an edge."""
    pixels = np.zeros((size, size, 3), np.uint8)
    for y in range(size):
        for x in range(size):
            for c in range(3):
                level = 100 + 60 * np.sin(0.4 * x + c) + 50 * np.cos(0.3 * y - c) + (40 if x > y else 0)
                pixels[y, x, c] = int(min(max(np.floor(level), 0), 255))
    return pixels


def rand_augment():
    hparams = dict(translate_pct=0.45, img_mean=(124, 116, 104), magnitude_std=0)
    fill = {"fillcolor": (124, 116, 104), "resample": Image.BICUBIC}
    image = Image.fromarray(picture())
    cases = []
    for name in auto_augment._RAND_INCREASING_TRANSFORMS:
        for magnitude in (4.3, 9.0):
            for negative in (False, True):
                with mock.patch("random.random", return_value=0.9 if negative else 0.1):
                    level = auto_augment.LEVEL_TO_ARG[name]
                    arguments = level(magnitude, hparams) if level else ()
                out = auto_augment.NAME_TO_OP[name](image, *arguments, **fill)
                case = {
                    "operation": name,
                    "magnitude": magnitude,
                    "negative": negative,
                    "argument": float(arguments[0]) if arguments else None,
                    "pixels": base64.b64encode(np.asarray(out).tobytes()).decode(),
                }
                same = [c for c in cases if {**c, "negative": negative} == case]
                if not same and not (cases and case["argument"] is None and cases[-1]["operation"] == name):
                    cases.append(case)
    return {"operations": list(auto_augment._RAND_INCREASING_TRANSFORMS), "cases": cases}


if __name__ == "__main__":
    file = pathlib.Path(__file__).with_name("evaluation-reference.json")
    reference = {
        "versions": {"torch": torch.__version__, "timm": __import__("timm").__version__},
        "lars": lars(),
        "sgd": sgd(),
        "layerDecay": layer_decay(),
        "mixing": mixing(),
        "losses": losses(),
        "batchNorm": batch_norm(),
        "positions": positions(),
        "randAugment": rand_augment(),
    }
    file.write_text(json.dumps(reference) + "\n")
