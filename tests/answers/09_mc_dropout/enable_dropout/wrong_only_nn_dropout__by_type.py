def enable_dropout(model):
    for m in model.modules():
        if m.__class__ == nn.Dropout:
            m.training = True
