def enable_dropout(model):
    model.train()
