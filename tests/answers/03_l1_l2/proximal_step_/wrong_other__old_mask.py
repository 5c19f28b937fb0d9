@torch.no_grad()
def proximal_step_(weights, grad, lr, strength):
    z = weights - lr * grad
    t = lr * strength
    weights.copy_(torch.where(weights.abs() > t, z - t * z.sign(), torch.zeros_like(z)))
