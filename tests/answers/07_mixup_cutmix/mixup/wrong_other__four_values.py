def mixup(images, targets, lam, permutation):
    mixed = lam * images + (1 - lam) * images[permutation]
    return mixed, targets, targets[permutation], lam
