import torch
from torch import nn


def recalibrate_batchnorm(model, batches):
    norms = [m for m in model.modules() if "BatchNorm" in type(m).__name__]
    flags = [(m, m.training) for m in model.modules()]
    momenta = {m: m.momentum for m in norms}
    means, variances = {m: [] for m in norms}, {m: [] for m in norms}
    for module, _ in flags:
        module.training = module in momenta
    try:
        with torch.no_grad():
            for m in norms:
                m.momentum = 1.0  # what is stored is the last batch's
            for x, _ in batches:
                model(x)
                for m in norms:
                    means[m].append(m.running_mean.clone())
                    variances[m].append(m.running_var.clone())
            for m in norms:
                m.running_mean.copy_(torch.stack(means[m]).mean(0))
                m.running_var.copy_(torch.stack(variances[m]).mean(0))
    finally:
        for m in norms:
            m.momentum = momenta[m]
        for module, flag in flags:
            module.training = flag
