def cut_box(height, width, lam, center_y, center_x):
    def along(size, center):
        half = math.floor(size * math.sqrt(1 - lam) / 2)
        low, high = center - half, center + half
        return [low if low > 0 else 0, high if high < size else size]

    return along(height, center_y) + along(width, center_x)
