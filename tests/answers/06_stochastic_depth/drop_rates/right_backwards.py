def drop_rates(num_blocks, final_rate):
    rates = [final_rate - final_rate / num_blocks * k for k in range(num_blocks)]
    return rates[::-1]
