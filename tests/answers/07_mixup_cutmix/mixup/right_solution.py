def mixup(images, targets, lam, permutation):
    def mix(values):
        return lam * values + (1 - lam) * values[permutation]

    return mix(images), mix(targets)
