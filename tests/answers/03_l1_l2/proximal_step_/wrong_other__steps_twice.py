@torch.no_grad()
def proximal_step_(weights, grad, lr, strength):
    weights -= lr * grad
    weights.copy_(F.softshrink(weights - lr * grad, lr * strength))
