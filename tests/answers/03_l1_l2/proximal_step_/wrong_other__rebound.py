def proximal_step_(weights, grad, lr, strength):
    with torch.no_grad():
        weights -= lr * grad
        weights = F.softshrink(weights, lr * strength)
