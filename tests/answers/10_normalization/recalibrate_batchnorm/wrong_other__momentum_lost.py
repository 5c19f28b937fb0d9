import torch
from torch import nn


def recalibrate_batchnorm(model, batches):
    norms = [
        m for m in model.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)
    ]
    modes = {m: m.training for m in model.modules()}
    model.eval()
    for norm in norms:
        norm.train()
        norm.reset_running_stats()
        norm.momentum = None
    with torch.no_grad():
        for x, _ in batches:
            model(x)
    for module, mode in modes.items():
        module.training = mode
