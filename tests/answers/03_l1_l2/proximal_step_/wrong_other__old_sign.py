@torch.no_grad()
def proximal_step_(weights, grad, lr, strength):
    z = weights - lr * grad
    t = lr * strength
    weights.copy_(weights.sign() * F.relu(z.abs() - t))
