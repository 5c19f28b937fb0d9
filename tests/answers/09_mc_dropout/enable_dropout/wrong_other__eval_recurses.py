def enable_dropout(model):
    for child in model.children():
        enable_dropout(child)
    if "Dropout" in type(model).__name__:
        model.train()
    else:
        model.eval()
