import torch
from torch import nn
from torch.optim.swa_utils import update_bn

DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


def recalibrate_batchnorm(model, batches):
    flags = [(m, m.training) for m in model.modules()]
    rates = [(m, m.p) for m in model.modules() if isinstance(m, DROPOUTS)]
    for module, _ in rates:
        module.p = 0.0
    update_bn((x for x, _ in batches), model)
    for module, p in rates:
        module.p = p
    for module, training in flags:
        module.training = training
