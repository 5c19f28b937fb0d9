def proximal_step_(weights, grad, lr, strength):
    w = weights.detach()
    w.add_(grad, alpha=-lr)
    size = w.abs().sub_(lr * strength).clamp_(min=0)
    w.sign_().mul_(size)
