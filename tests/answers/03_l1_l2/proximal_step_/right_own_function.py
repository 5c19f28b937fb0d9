def proximal_step_(weights, grad, lr, strength):
    def shrink(w, t):
        return torch.relu(w - t) - torch.relu(-w - t)

    with torch.inference_mode(False), torch.no_grad():
        weights.mul_(1).sub_(lr * grad.clone())
        weights.copy_(shrink(weights, lr * strength))
