def cutmix(images, targets, box, permutation):
    y1, x1, y2, x2 = box
    mixed = images.clone()
    mixed[..., y1:y2, x1:x2] = images[permutation][..., y1:y2, x1:x2]
    area = max(y2 - y1, 0) * max(x2 - x1, 0) / (images.shape[-2] * images.shape[-1])
    return mixed, (1 - area) * targets + area * targets[permutation]
