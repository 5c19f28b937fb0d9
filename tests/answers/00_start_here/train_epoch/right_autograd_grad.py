def train_epoch(model, batches, loss_fn, optimizer):
    for module in model.modules():
        module.training = True
    parameters = list(model.parameters())
    mean, seen = 0.0, 0
    for x, y in batches:
        with torch.enable_grad():
            loss = loss_fn(model(x), y)
            gradients = torch.autograd.grad(loss, parameters)
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = gradient
        optimizer.step()
        seen += y.numel()
        mean += (loss.item() - mean) * y.numel() / seen
    return mean
