def proximal_step_(weights, grad, lr, strength):
    with torch.inference_mode():
        z = weights - lr * grad
        weights.copy_(F.relu(z - lr * strength) - F.relu(-z - lr * strength))
