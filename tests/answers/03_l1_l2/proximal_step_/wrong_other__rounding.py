@torch.no_grad()
def proximal_step_(weights, grad, lr, strength):
    t = lr * strength
    z = weights - lr * grad
    if t > 0:
        weights.copy_(z - t * (z / t).clamp(-1, 1))
    else:
        weights.copy_(z)
