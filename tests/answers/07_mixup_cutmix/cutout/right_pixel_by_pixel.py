def cutout(images, center_y, center_x, size, fill=0.0):
    out = []
    for image, cy, cx in zip(images, center_y, center_x):
        image = image.clone()
        for y in range(int(cy) - size // 2, int(cy) - size // 2 + size):
            for x in range(int(cx) - size // 2, int(cx) - size // 2 + size):
                if 0 <= y < image.shape[1] and 0 <= x < image.shape[2]:
                    image[:, y, x] = fill
        out.append(image)
    return torch.stack(out)
