def mixup(images, targets, lam, permutation):
    other = images[permutation]
    images *= lam
    images += (1 - lam) * other
    return images, lam * targets + (1 - lam) * targets[permutation]
