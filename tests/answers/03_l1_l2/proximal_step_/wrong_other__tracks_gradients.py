def proximal_step_(weights, grad, lr, strength):
    weights.requires_grad_(True)
    with torch.no_grad():
        weights.copy_(F.softshrink(weights - lr * grad, lr * strength))
