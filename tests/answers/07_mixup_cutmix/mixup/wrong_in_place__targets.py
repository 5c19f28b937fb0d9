def mixup(images, targets, lam, permutation):
    mixed = lam * images + (1 - lam) * images[permutation]
    targets.mul_(lam).add_(targets[permutation] / lam * (1 - lam) if lam else 0)
    return mixed, targets
