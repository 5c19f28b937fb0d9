@torch.no_grad()
def proximal_step_(weights, grad, lr, strength):
    weights -= lr * grad
    weights.copy_(weights / weights.abs() * F.relu(weights.abs() - lr * strength))
