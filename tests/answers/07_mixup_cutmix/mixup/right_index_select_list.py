def mixup(images, targets, lam, permutation):
    other = images.index_select(0, permutation), targets.index_select(0, permutation)
    return [x.mul(lam).add(z, alpha=1 - lam) for x, z in zip((images, targets), other)]
