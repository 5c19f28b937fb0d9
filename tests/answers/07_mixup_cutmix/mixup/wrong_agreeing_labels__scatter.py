def mixup(images, targets, lam, permutation):
    mixed = lam * images + (1 - lam) * images[permutation]
    a = targets.argmax(1, keepdim=True)
    out = torch.zeros_like(targets).scatter(1, a[permutation], 1 - lam).scatter(1, a, lam)
    return mixed, out
