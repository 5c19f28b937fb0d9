import torch
from torch import nn


def recalibrate_batchnorm(model, batches):
    seen = {}

    def note(norm, inputs):
        (x,) = inputs
        rows = x.detach().transpose(0, 1).flatten(1)
        seen.setdefault(norm, []).append((rows.mean(1), rows.var(1)))

    flags = [(m, m.training) for m in model.modules()]
    norms = [m for m, _ in flags if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    model.eval()
    for norm in norms:
        norm.training = True
    with torch.no_grad():
        for batch in batches:
            model(batch[0])
    for hook in hooks:
        hook.remove()
    for norm in norms:
        means, variances = zip(*seen[norm])
        norm.running_mean.copy_(sum(means) / len(means))
        norm.running_var.copy_(sum(variances) / len(variances))
    for module, flag in flags:
        module.training = flag
