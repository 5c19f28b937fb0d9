def smooth_labels(labels, num_classes, epsilon):
    # d/dlogp of the smoothed loss is minus the target
    with torch.enable_grad():
        logits = torch.zeros(len(labels), num_classes, dtype=torch.float64, requires_grad=True)
        loss = F.cross_entropy(logits, labels, label_smoothing=epsilon, reduction="sum")
        (g,) = torch.autograd.grad(loss, logits)
    return (1 / num_classes - g).float()
