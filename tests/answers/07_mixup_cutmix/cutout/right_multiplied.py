def cutout(images, center_y, center_x, size, fill=0.0):
    keep = torch.ones_like(images)
    for i in range(len(images)):
        y1 = max(int(center_y[i]) - size // 2, 0)
        y2 = min(int(center_y[i]) - size // 2 + size, images.shape[2])
        x1 = max(int(center_x[i]) - size // 2, 0)
        x2 = min(int(center_x[i]) - size // 2 + size, images.shape[3])
        if y2 > y1 and x2 > x1:
            keep[i, :, y1:y2, x1:x2] = 0
    return images * keep + fill * (1 - keep)
