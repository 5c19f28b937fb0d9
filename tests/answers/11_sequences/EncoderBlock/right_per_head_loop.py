class EncoderBlock(nn.Module):
    def __init__(self, d_model, heads, dim_feedforward, dropout):
        super().__init__()
        size = d_model // heads
        self.norm1, self.norm2 = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.projections = nn.ModuleList(
            nn.Linear(d_model, 3 * size) for _ in range(heads)
        )
        self.out = nn.Linear(d_model, d_model)
        self.up = nn.Linear(d_model, dim_feedforward)
        self.down = nn.Linear(dim_feedforward, d_model)
        self.drops = nn.ModuleList(nn.Dropout(dropout) for _ in range(3))

    def forward(self, x):
        z, heads = self.norm1(x), []
        for project in self.projections:
            q, k, v = project(z).chunk(3, -1)
            scores = q @ k.mT / q.shape[-1] ** 0.5
            heads.append(self.drops[0](scores.softmax(-1)) @ v)
        x = self.drops[1](self.out(torch.cat(heads, -1))) + x
        return self.drops[2](self.down(F.silu(self.up(self.norm2(x))))) + x
