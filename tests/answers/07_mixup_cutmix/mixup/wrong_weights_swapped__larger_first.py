def mixup(images, targets, lam, permutation):
    lam = max(lam, 1 - lam)
    return lam * images + (1 - lam) * images[permutation], lam * targets + (1 - lam) * targets[permutation]
