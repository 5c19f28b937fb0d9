def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    layers, inside = [], input_dim
    for place, outside in enumerate(hidden_dims):
        linear = nn.Linear(inside, outside)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        layers += [linear, nn.BatchNorm1d(outside), nn.ReLU()]
        if place < len(hidden_dims) - 1:
            layers.append(nn.Dropout1d(dropout_rate))
        inside = outside
    return nn.Sequential(*layers, nn.Linear(inside, output_dim))
