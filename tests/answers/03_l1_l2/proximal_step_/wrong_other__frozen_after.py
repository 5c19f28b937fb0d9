def proximal_step_(weights, grad, lr, strength):
    weights.requires_grad_(False)
    weights -= lr * grad
    weights.copy_(F.softshrink(weights, lr * strength))
