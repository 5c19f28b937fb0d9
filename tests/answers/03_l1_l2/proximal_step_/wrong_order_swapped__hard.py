@torch.no_grad()
def proximal_step_(weights, grad, lr, strength):
    weights.copy_(F.hardshrink(weights, lr * strength) - lr * grad)
