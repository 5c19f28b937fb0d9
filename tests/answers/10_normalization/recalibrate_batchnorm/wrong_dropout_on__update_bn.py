from torch.optim.swa_utils import update_bn


def recalibrate_batchnorm(model, batches):
    flags = [(m, m.training) for m in model.modules()]
    update_bn((x for x, _ in batches), model)
    for module, training in flags:
        module.training = training
