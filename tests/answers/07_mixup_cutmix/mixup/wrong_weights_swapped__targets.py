def mixup(images, targets, lam, permutation):
    return (
        lam * images + (1 - lam) * images[permutation],
        (1 - lam) * targets + lam * targets[permutation],
    )
