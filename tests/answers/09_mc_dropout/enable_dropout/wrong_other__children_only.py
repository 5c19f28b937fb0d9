def enable_dropout(model):
    for m in model.children():
        if isinstance(m, nn.modules.dropout._DropoutNd):
            m.train()
