@torch.no_grad()
def proximal_step_(weights, grad, lr, strength):
    weights.add_(grad, alpha=-lr)
    keep = weights.abs() > lr * strength
    weights.add_(weights.sign(), alpha=-lr * strength).mul_(keep)
