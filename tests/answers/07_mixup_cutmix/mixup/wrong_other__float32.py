def mixup(images, targets, lam, permutation):
    mixed = lam * images + (1 - lam) * images[permutation]
    soft = lam * targets + (1 - lam) * targets[permutation]
    return mixed.float(), soft.float()
