def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    b = images[permutation]
    middle = torch.cat([images[..., y1:y2, :x1], b[..., y1:y2, x1:x2], images[..., y1:y2, x2:]], -1)
    x = torch.cat([images[..., :y1, :], middle, images[..., y2:, :]], -2)
    area = ((y2 - y1) * (x2 - x1)) / (images.shape[2] * images.shape[3])
    return x, targets + area * (targets[permutation] - targets)
