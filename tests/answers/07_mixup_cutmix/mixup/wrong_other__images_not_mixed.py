def mixup(images, targets, lam, permutation):
    return images, lam * targets + (1 - lam) * targets[permutation]
