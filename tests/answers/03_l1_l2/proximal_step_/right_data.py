def proximal_step_(weights, grad, lr, strength):
    step = weights.data - lr * grad
    cut = lr * strength
    weights.data = step - step.clamp(-cut, cut)
