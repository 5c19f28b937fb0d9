from torch.nn.modules.dropout import _DropoutNd


def enable_dropout(model):
    for m in model.modules():
        if isinstance(m, _DropoutNd):
            m.training = True
    return model
