def proximal_step_(weights, grad, lr, strength):
    with torch.no_grad():
        torch.sub(weights, grad, alpha=lr, out=weights)
        torch.sub(
            weights, weights.clamp(min=-lr * strength, max=lr * strength), out=weights
        )
