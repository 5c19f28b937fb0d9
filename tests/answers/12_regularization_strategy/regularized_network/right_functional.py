class RegNet(nn.Module):
    def __init__(self, dims, p):
        super().__init__()
        self.p = p
        self.blocks = nn.ModuleList()
        for a, b in zip(dims[:-2], dims[1:-1]):
            block = nn.ModuleDict({"norm": nn.BatchNorm1d(b), "lin": nn.Linear(a, b)})
            with torch.no_grad():
                block["lin"].weight.copy_(torch.randn(b, a) * math.sqrt(2 / a))
            self.blocks.append(block)
        self.head = nn.Linear(dims[-2], dims[-1])
    def forward(self, x):
        for k, block in enumerate(self.blocks):
            if k:
                x = F.dropout(x, self.p, training=self.training)
            x = block["norm"](block["lin"](x)).clamp(min=0)
        return self.head(x)
def regularized_network(input_dim, hidden_dims, output_dim, dropout_rate):
    return RegNet([input_dim, *hidden_dims, output_dim], dropout_rate)
