def cutmix(images, targets, box, permutation):
    y1, y2, x1, x2 = box
    mixed = images.clone()
    for n in range(len(images)):
        for y in range(y1, y2):
            mixed[n, :, y, x1:x2] = images[permutation[n], :, y, x1:x2]
    area = torch.tensor((y2 - y1) * (x2 - x1) / images[0, 0].numel())
    return mixed, torch.stack([t * (1 - area) + targets[j] * area for t, j in zip(targets, permutation)])
