def block(inside, outside, p):
    linear = nn.Linear(inside, outside)
    nn.init.kaiming_normal_(linear.weight, mode="fan_in", nonlinearity="relu")
    return nn.Sequential(linear, nn.BatchNorm1d(outside), nn.ReLU(), nn.Dropout(p))


def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    widths = [input_dim, *hidden_dims]
    rates = [dropout_rate] * (len(hidden_dims) - 1) + [0.0]
    hidden = [block(a, b, p) for a, b, p in zip(widths, widths[1:], rates)]
    return nn.Sequential(*hidden, nn.Linear(widths[-1], output_dim))
