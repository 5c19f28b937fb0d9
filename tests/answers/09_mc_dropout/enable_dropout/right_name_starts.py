def enable_dropout(model):
    for module in model.modules():
        if module.__class__.__name__.startswith(("Dropout", "Alpha", "FeatureAlpha")):
            module.training = True
