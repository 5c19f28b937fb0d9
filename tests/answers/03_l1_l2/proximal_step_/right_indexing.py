def proximal_step_(weights, grad, lr, strength):
    with torch.no_grad():
        new = weights.sub(grad, alpha=lr)
        new = torch.where(
            new.abs() > lr * strength,
            new - lr * strength * new.sign(),
            torch.zeros_like(new),
        )
        weights[:] = new
    return new
