def cut_box(height, width, lam, center_y, center_x):
    half_h, half_w = int(height * math.sqrt(1 - lam) / 2), int(width * math.sqrt(1 - lam) / 2)
    return center_y - half_h, center_y + half_h, center_x - half_w, center_x + half_w
