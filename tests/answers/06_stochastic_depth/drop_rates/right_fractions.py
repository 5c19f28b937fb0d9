from fractions import Fraction
def drop_rates(num_blocks, final_rate):
    return [float(Fraction(l, num_blocks) * Fraction(final_rate)) for l in range(1, num_blocks + 1)]
