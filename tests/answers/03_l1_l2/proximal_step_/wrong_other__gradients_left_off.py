def proximal_step_(weights, grad, lr, strength):
    torch.set_grad_enabled(False)
    weights -= lr * grad
    weights.copy_(F.softshrink(weights, lr * strength))
