import torch
from torch import nn

KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@torch.no_grad()
def recalibrate_batchnorm(model, batches):
    saved = [(m, m.training, getattr(m, "momentum", None)) for m in model.modules()]
    for module, _, _ in saved:
        module.training = isinstance(module, KINDS)
    for k, (x, y) in enumerate(batches):
        for module, _, _ in saved:
            if isinstance(module, KINDS):
                module.momentum = 1 / (k + 1)
        model(x)
    for module, training, momentum in saved:
        module.training = training
        if isinstance(module, KINDS):
            module.momentum = momentum
