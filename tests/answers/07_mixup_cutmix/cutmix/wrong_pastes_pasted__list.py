def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    mixed = [image.clone() for image in images]
    for i, j in enumerate(permutation.tolist()):
        mixed[i][:, y1:y2, x1:x2] = mixed[j][:, y1:y2, x1:x2]
    area = (y2 - y1) * (x2 - x1) / (images.shape[-2] * images.shape[-1])
    return torch.stack(mixed), (1 - area) * targets + area * targets[permutation]
