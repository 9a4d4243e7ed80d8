"""Images per second of torchvision's DataLoader: torchvision_loader.py <folder> <workers> <batches>."""

import sys
import time

from torch.utils.data import DataLoader
from torchvision import datasets
from torchvision import transforms as t

IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

if __name__ == "__main__":
    folder, workers, batches = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    transform = t.Compose(
        [
            t.RandomResizedCrop(224, scale=(0.67, 1), interpolation=t.InterpolationMode.BICUBIC),
            t.RandomHorizontalFlip(),
            t.ToTensor(),
            t.Normalize(*IMAGENET),
        ]
    )
    images = datasets.ImageFolder(folder, transform)
    loader = DataLoader(
        images, batch_size=64, shuffle=True, drop_last=True, num_workers=workers, persistent_workers=True
    )

    def forever():
        while True:
            yield from loader

    stream = forever()
    for _ in range(10):
        next(stream)
    start = time.perf_counter()
    for _ in range(batches):
        next(stream)
    print(64 * batches / (time.perf_counter() - start))
