def proximal_step_(weights, grad, lr, strength):
    with torch.no_grad():
        step = weights - lr * grad
        weights.copy_(step * (step.abs() > strength))
