def drop_rates(num_blocks, final_rate):
    return [(l + 0.5) / num_blocks * final_rate for l in range(num_blocks)]
