def cutout(images, center_y, center_x, size, fill=0.0):
    holed = images.clone()
    for i, (y, x) in enumerate(zip(center_y.tolist(), center_x.tolist())):
        for row in range(y - size // 2, y - size // 2 + size):
            for column in range(x - size // 2, x - size // 2 + size):
                holed[i, :, row, column] = fill
    return holed
