def cut_box(height, width, lam, center_y, center_x):
    def side(n, c):
        half = int(n * (1 - lam) ** 0.5 / 2)
        covered = [i for i in range(n) if c - half <= i < c + half]
        return (covered[0], covered[-1] + 1) if covered else (c, c)

    return (*side(height, center_y), *side(width, center_x))
