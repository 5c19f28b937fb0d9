def drop_rates(num_blocks, final_rate):
    return [l / num_blocks for l in range(1, num_blocks + 1)]
