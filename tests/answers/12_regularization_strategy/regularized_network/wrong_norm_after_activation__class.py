class Network(nn.Module):
    def __init__(self, widths, p):
        super().__init__()
        self.p = p
        self.linears = nn.ModuleList(map(nn.Linear, widths[:-1], widths[1:]))
        self.norms = nn.ModuleList(nn.BatchNorm1d(w) for w in widths[1:-1])
        for linear in self.linears[:-1]:
            nn.init.normal_(linear.weight, std=math.sqrt(2 / linear.in_features))
            nn.init.zeros_(linear.bias)

    def forward(self, x):
        for k, norm in enumerate(self.norms):
            x = norm(F.relu(self.linears[k](x)))
            if k + 1 < len(self.norms):
                x = F.dropout(x, self.p, training=self.training)
        return self.linears[-1](x)


def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    return Network([input_dim, *hidden_dims, output_dim], dropout_rate)
