def enable_dropout(model):
    model.train()
    for m in model.modules():
        m.training = isinstance(m, nn.modules.dropout._DropoutNd)
