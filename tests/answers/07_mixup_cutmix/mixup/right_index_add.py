def mixup(images, targets, lam, permutation):
    inverse = torch.argsort(permutation)
    def mix(v):
        return (v * lam).index_add(0, inverse, v, alpha=1 - lam)
    return mix(images), mix(targets)
