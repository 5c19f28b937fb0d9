def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    layers, inside = [], input_dim
    for place, outside in enumerate(hidden_dims):
        linear = nn.Linear(inside, outside)
        nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
        layers += [linear, nn.BatchNorm1d(outside), nn.ReLU()]
        inside = outside
    return nn.Sequential(*layers, nn.Linear(inside, output_dim), nn.Dropout(dropout_rate))
