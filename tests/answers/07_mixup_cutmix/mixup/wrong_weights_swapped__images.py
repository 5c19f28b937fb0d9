def mixup(images, targets, lam, permutation):
    return (
        (1 - lam) * images + lam * images[permutation],
        lam * targets + (1 - lam) * targets[permutation],
    )
