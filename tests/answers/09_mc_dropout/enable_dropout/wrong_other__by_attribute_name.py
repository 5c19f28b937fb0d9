def enable_dropout(model):
    for name, m in model.named_modules():
        if "drop" in name.lower():
            m.train()
