class EncoderBlock(nn.Module):
    def __init__(self, d_model, heads, dim_feedforward, dropout):
        super().__init__()
        self.heads, self.p = heads, dropout
        self.norms = nn.ModuleList(nn.LayerNorm(d_model) for _ in range(2))
        self.q, self.k, self.v, self.o = (
            nn.Linear(d_model, d_model, bias=False) for _ in range(4)
        )
        self.w1 = nn.Linear(d_model, dim_feedforward)
        self.w2 = nn.Linear(dim_feedforward, d_model)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x):
        z = self.norms[0](x)
        q, k, v = (self.split(f(z)) for f in (self.q, self.k, self.v))
        p = self.p if self.training else 0.0
        z = F.scaled_dot_product_attention(q, k, v, dropout_p=p)
        z = self.o(z.transpose(1, 2).flatten(2))
        x = x + F.dropout(z, self.p, self.training)
        z = self.w2(self.w1(self.norms[1](x)).relu())
        return x + F.dropout(z, self.p, self.training)
