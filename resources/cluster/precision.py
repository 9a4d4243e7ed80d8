"""What the factors of matrix products are rounded to, by the setting `precision`. Weights, moments, loss and the sums of
products have 32 bits always.

PyTorch's autocast also hands on the results of products in 16 bits; LayerNorm, residual sums and the loss it leaves in 32."""

import torch

SIXTEEN = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def autocast(precision: str, device: str) -> torch.autocast:
    """Within it products are computed in 16 bits where the precision says so."""
    return torch.autocast(device, SIXTEEN.get(precision), enabled=precision in SIXTEEN)


def allow_tf32(precision: str) -> None:
    """Whether NVIDIA GPUs from Ampere on may round the factors of 32-bit products to 10 bits behind the point."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"
