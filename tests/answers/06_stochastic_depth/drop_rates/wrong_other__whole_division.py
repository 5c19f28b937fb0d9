def drop_rates(num_blocks, final_rate):
    return [l // num_blocks * final_rate for l in range(1, num_blocks + 1)]
