def proximal_step_(weights, grad, lr, strength):
    with torch.no_grad():
        weights.copy_(F.softshrink(weights - lr * grad, strength / lr))
