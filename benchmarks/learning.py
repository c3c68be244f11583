"""How the incidents' networks are trained, and their chances calibrated."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from race.incidents.model import Model, prepared

Floats = NDArray[np.float64]


def train(
    x: Floats,
    y: NDArray[np.int64],
    features: tuple[str, ...],
    classes: tuple[str, ...],
    hidden: int,
    epochs: int,
    decay: float = 0.1,
    weights: tuple[float, ...] | None = None,
    seed: int = 0,
) -> Model:
    """Cross entropy, AdamW, a cosine schedule; (N, K) and (N,). ``weights`` of the classes, alike where not given."""
    import torch

    centre = np.nan_to_num(np.nanmean(x, axis=0))
    scale = np.nan_to_num(np.nanstd(x, axis=0))
    scale[scale < 1e-6] = 1.0
    inputs = torch.tensor(prepared(x, centre, scale), dtype=torch.float32)
    wanted = torch.tensor(y)
    weight = None if weights is None else torch.tensor(weights)
    torch.manual_seed(seed)
    net = torch.nn.Sequential(
        torch.nn.Linear(inputs.shape[1], hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, len(classes))
    )
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=decay)
    batch = min(len(y), 2048, max(64, len(y) // 50))
    steps = epochs * (len(y) // batch)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        if step % (len(y) // batch) == 0:
            order = torch.randperm(len(y))
        rows = order[step % (len(y) // batch) * batch :][:batch]
        loss = torch.nn.functional.cross_entropy(net(inputs[rows]), wanted[rows], weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    first, last = net[0], net[2]

    def array(values: Any) -> Floats:
        return np.asarray(values.detach().numpy(), np.float64)

    return Model(
        features,
        classes,
        centre,
        scale,
        array(first.weight).T,
        array(first.bias),
        array(last.weight).T,
        array(last.bias),
    )


def untrained(features: tuple[str, ...], classes: tuple[str, ...]) -> Model:
    """That says of everything that it is of the first class."""
    k, c = len(features), len(classes)
    nothing = np.zeros((2 * k, 1)), np.zeros(1), np.zeros((1, c))
    return Model(features, classes, np.zeros(k), np.ones(k), *nothing, np.where(np.arange(c) == 0, 9.0, 0.0))


def mean_of(models: list[Model]) -> Model:
    """One network whose log odds are the mean of ``models``', trained on the same data from other beginnings."""
    first = models[0]
    return replace(
        first,
        hidden=np.concatenate([one.hidden for one in models], axis=1),
        hidden_bias=np.concatenate([one.hidden_bias for one in models]),
        out=np.concatenate([one.out for one in models]) / len(models),
        out_bias=np.mean([one.out_bias for one in models], axis=0),
    )


def platt(chance: Floats, real: Floats, weight: Floats) -> tuple[float, float]:
    """Slope and level of the logistic function of the log odds that fits best (Platt 1999), by Newton's method.

    chance, real (0 or 1) and weight (N,).
    """
    chance = np.clip(chance, 1e-4, 1 - 1e-4)
    x = np.column_stack([np.log(chance / (1 - chance)), np.ones(len(chance))])
    # As if two more had been seen, one real and one not: the slope stays finite where nothing overlaps.
    many = weight.sum() + 2
    y = (real + 1.0 / many) / (1 + 2.0 / many)
    beta = usual = np.array([1.0, 0.0])
    for _ in range(200):
        p = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + 0.3 * np.eye(2)
        beta = beta + 0.3 * np.linalg.solve(hessian, x.T @ (weight * (y - p)) - 0.3 * (beta - usual))
    return max(0.2, float(beta[0])), float(beta[1])
