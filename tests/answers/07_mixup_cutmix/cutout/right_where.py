def cutout(images, center_y, center_x, size, fill=0.0):
    def near(center, side):
        distance = torch.arange(side) - (center[:, None] - size // 2)
        return (0 <= distance) & (distance < size)

    hole = near(center_y, images.shape[2])[:, None, :, None]
    hole = hole & near(center_x, images.shape[3])[:, None, None, :]
    return torch.where(hole, torch.full_like(images, fill), images)
