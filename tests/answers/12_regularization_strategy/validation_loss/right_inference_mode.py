def validation_loss(model, x, y):
    modes = {name: m.training for name, m in model.named_modules()}
    try:
        model.eval()
        with torch.inference_mode():
            return float(nn.CrossEntropyLoss()(model(x), y))
    finally:
        for name, m in model.named_modules(): m.training = modes[name]
