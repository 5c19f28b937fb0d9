DROP = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def enable_dropout(model):
    for child in model.children():
        if isinstance(child, DROP):
            child.training = True
        else:
            enable_dropout(child)
