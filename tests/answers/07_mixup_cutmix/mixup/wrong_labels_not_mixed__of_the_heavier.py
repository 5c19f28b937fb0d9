def mixup(images, targets, lam, permutation):
    mixed = lam * images + (1 - lam) * images[permutation]
    return mixed, targets if lam >= 0.5 else targets[permutation]
