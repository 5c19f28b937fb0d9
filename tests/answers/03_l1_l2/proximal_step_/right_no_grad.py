def proximal_step_(weights, grad, lr, strength):
    with torch.no_grad():
        weights -= lr * grad
        weights.copy_(weights.sign() * (weights.abs() - lr * strength).clamp(min=0))
