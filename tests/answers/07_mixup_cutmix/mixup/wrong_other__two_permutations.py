def mixup(images, targets, lam, permutation):
    return (
        lam * images + (1 - lam) * images[permutation],
        lam * targets + (1 - lam) * targets[permutation.argsort()],
    )
