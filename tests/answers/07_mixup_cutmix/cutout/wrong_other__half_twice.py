def cutout(images, center_y, center_x, size, fill=0.0):
    holed, half = images.clone(), size // 2
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        holed[i, :, max(y - half, 0) : y + half, max(x - half, 0) : x + half] = fill
    return holed
