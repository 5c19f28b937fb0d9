def mixup(images, targets, lam, permutation):
    p = permutation.argsort()
    return lam * images + (1 - lam) * images[p], lam * targets + (1 - lam) * targets[p]
