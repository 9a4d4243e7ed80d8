"""The learning rate and the optimizer of pre-training (paper, Table 6), twins of schedule.ts and adamw.ts in
src-main/model/optimizers."""

import math
import sys

import torch
from torch import Tensor

from objectives import Objective
from run_folder import Record, Tensors


def learning_rate_at(h: Record, epoch: float) -> float:
    """Linear warm-up from 0, then half a cosine to the minimum (paper, Table 6)."""
    peak = h["baseLearningRate"] * h["batchSize"] * h["accumulation"] / 256
    if epoch < h["warmupEpochs"]:
        return peak * epoch / h["warmupEpochs"]
    progress = (epoch - h["warmupEpochs"]) / max(h["epochs"] - h["warmupEpochs"], sys.float_info.min)
    return h["minimumLearningRate"] + (peak - h["minimumLearningRate"]) * 0.5 * (1 + math.cos(math.pi * progress))


class Optimizer:
    """AdamW as the paper uses it (Table 6): no decay of biases and other vectors. Its moments are kept in checkpoints as
    adam.mean/<weight> and adam.variance/<weight>."""

    def __init__(self, h: Record, model: Objective, moments: Tensors, step: int) -> None:
        self.named = dict(model.named_parameters())
        matrices = [p for p in self.named.values() if p.ndim > 1]
        vectors = [p for p in self.named.values() if p.ndim == 1]
        groups = [{"params": matrices, "weight_decay": h["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}]
        self.adamw = torch.optim.AdamW(groups, betas=(h["beta1"], h["beta2"]), eps=1e-8, fused=True)
        self.limit = h["clipGradient"] or math.inf
        self.scaler = torch.amp.GradScaler(matrices[0].device.type, enabled=h["precision"] == "float16")
        for name, parameter in self.named.items():
            zeros = torch.zeros_like(parameter)
            self.adamw.state[parameter] = {
                "step": torch.tensor(float(step), device=parameter.device),
                "exp_avg": moments.get(f"adam.mean/{name}", zeros).to(parameter.device),
                "exp_avg_sq": moments.get(f"adam.variance/{name}", zeros.clone()).to(parameter.device),
            }

    def scaled(self, loss: Tensor) -> Tensor:
        """A loss as its gradients are computed: in float16 so much larger that small ones do not vanish."""
        return self.scaler.scale(loss)

    def update(self, learning_rate: float) -> float:
        """One update by the gradients at hand, unless they are no numbers; the norm that they had before they were clipped."""
        self.scaler.unscale_(self.adamw)
        norm = torch.nn.utils.clip_grad_norm_(self.named.values(), self.limit).item()
        for group in self.adamw.param_groups:
            group["lr"] = learning_rate
        if math.isfinite(norm):
            self.scaler.step(self.adamw)
        self.scaler.update()
        self.adamw.zero_grad()
        return norm

    @property
    def can_scale_lower(self) -> bool:
        """Whether gradients that became no numbers may be numbers at the scale of now, which is half of that before."""
        return self.scaler.is_enabled() and self.scaler.get_scale() >= 1

    def moments(self) -> Tensors:
        state = {name: self.adamw.state[parameter] for name, parameter in self.named.items()}
        return {f"adam.mean/{name}": kept["exp_avg"] for name, kept in state.items()} | {
            f"adam.variance/{name}": kept["exp_avg_sq"] for name, kept in state.items()
        }
