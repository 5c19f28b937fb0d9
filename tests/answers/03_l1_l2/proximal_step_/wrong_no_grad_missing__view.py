def proximal_step_(weights, grad, lr, strength):
    weights[:] = F.softshrink(weights - lr * grad, lr * strength)
