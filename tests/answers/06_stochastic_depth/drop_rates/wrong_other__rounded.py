def drop_rates(num_blocks, final_rate):
    return [round(l / num_blocks * final_rate, 2) for l in range(1, num_blocks + 1)]
