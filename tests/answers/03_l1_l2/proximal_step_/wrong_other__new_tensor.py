def proximal_step_(weights, grad, lr, strength):
    weights = weights - lr * grad
    return F.softshrink(weights, lr * strength)
