"""How many pixels of a handwritten digit may flip before a network reads another one?

    python examples/digits.py

Trains a small network on the 8x8 digits that scikit-learn ships, each pixel black or white. For the
first test image of each digit it then finds the largest k such that the network is *proved* to read
the same digit, whichever k or fewer of the 64 pixels flip, and draws what fools it with k + 1.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch

from superproof import Counterexample, Network, Specification, check
from superproof.verify.verdict_text import amount

HIDDEN, STEPS, SEED = 16, 400, 0
#: Pixels are 0 to 16; black from here up.
BLACK = 8
#: Share of the pixels that flips at random in every step of the training.
NOISE = 0.1


@dataclass(frozen=True)
class Robustness:
    """What is known of one image.

    Attributes:
        digit: what it shows, and what the network reads.
        image: (64,) of 0 and 1.
        radius: the network reads ``digit`` on every image with at most this many flipped pixels.
        images: how many images that are.
        fooled: an image with one flipped pixel more that reads otherwise.
        seconds: for all proofs.
    """

    digit: int
    image: np.ndarray
    radius: int
    images: int
    fooled: Counterexample
    seconds: float


def read_digits() -> tuple[np.ndarray, np.ndarray]:
    """Black-and-white images (images, 64) and their digits, in random order."""
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(SEED).permutation(len(data.target))
    return (data.data[order] >= BLACK).astype(np.float32), data.target[order]


def train(images: np.ndarray, digits: np.ndarray) -> Network:
    """One hidden layer, ten outputs, noisy images."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(64, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 10)
    )
    x, y = torch.from_numpy(images), torch.from_numpy(digits).long()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-3)
    for _ in range(STEPS):
        flips = (torch.rand(x.shape) < NOISE).float()
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model((x - flips).abs()), y).backward()
        optimizer.step()
    return Network.from_torch(model)


def predicted(network: Network, images: np.ndarray) -> np.ndarray:
    """The largest output of each image, in exact arithmetic."""
    values = network.evaluate(images.astype(np.int64))
    return np.array([int(np.argmax(row)) for row in values])


def robustness(network: Network, image: np.ndarray, digit: int) -> Robustness:
    """Raise k until the property fails; the network must read the image as ``digit``."""
    begun = time.monotonic()
    centre = "".join("01"[int(pixel)] for pixel in image)
    outputs = {f"digit {d}": "true" if d == digit else "false" for d in range(10)}
    images = 1
    for k in range(1, 65):
        ball = Specification(64, outputs, domain=f"within {k} of {centre}", readout="argmax")
        verdict = check(network, ball, dtypes=())
        if not verdict.holds:
            break
        images = verdict.domain_size or 0
    fooled = verdict.counterexamples[0]
    return Robustness(digit, image, k - 1, images, fooled, time.monotonic() - begun)


def drawing(found: Robustness) -> str:
    """The image and what fools the network, side by side; flipped pixels are ``+`` and ``-``."""
    lines = []
    for row in range(8):
        plain, other = "", ""
        for column in range(8):
            pixel = bool(found.image[8 * row + column])
            after = found.fooled.bits[8 * row + column]
            plain += "#" if pixel else "."
            other += ("+" if after else "-") if pixel != after else "#" if pixel else "."
        lines.append(f"  {plain}   {other}")
    return "\n".join(lines)


def said(example: Counterexample) -> str:
    """What the network reads: the one output that is the strict largest, if any is."""
    read = [name for name, output in example.outputs.items() if output.read]
    return read[0] if read else "a tie"


def main() -> None:
    """Train, prove and draw."""
    images, digits = read_digits()
    trained = len(images) * 4 // 5
    network = train(images[:trained], digits[:trained])
    test_images, test_digits = images[trained:], digits[trained:]
    right = predicted(network, test_images) == test_digits
    print(f"{HIDDEN} neurons, accuracy {right.mean():.1%} on {len(right)} test images")
    print("\ndigit   proved for   images in the ball   one flip more   seconds")
    results = []
    for digit in range(10):
        image = test_images[int(np.flatnonzero(right & (test_digits == digit))[0])]
        found = robustness(network, image, digit)
        results.append(found)
        print(
            f"{digit:5}   {amount(found.radius, 'flip'):>10}   {found.images:18,}   "
            f"{said(found.fooled):13}   {found.seconds:7.2f}"
        )
    strongest = max(results, key=lambda found: found.radius)
    weakest = min(results, key=lambda found: found.radius)
    for found in (weakest, strongest):
        flips, verb = amount(found.radius + 1, "flip"), "make" if found.radius else "makes"
        print(f"\nthe {found.digit} (left), and {flips} that {verb} it {said(found.fooled)}")
        print("(+ is a pixel that turned black, - one that turned white)")
        print(drawing(found))


if __name__ == "__main__":
    main()
