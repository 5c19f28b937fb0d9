def mixup(images, targets, lam, permutation):
    x, y = images.clone(), targets.clone()
    x *= lam
    y *= lam
    x += (1 - lam) * images[permutation]
    y.index_add_(0, permutation.argsort(), (1 - lam) * targets)
    return x, y
