def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        top, left = max(y - size // 2, 0), x - size // 2
        holed[i, :, top : y - size // 2 + size, left : left + size] = fill
    return holed
