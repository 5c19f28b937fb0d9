def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    x = images.clone()
    x[:, 0, y1:y2, x1:x2] = images[permutation][:, 0, y1:y2, x1:x2]
    a = (y2 - y1) * (x2 - x1) / (images.shape[-2] * images.shape[-1])
    return x, (1 - a) * targets + a * targets[permutation]
