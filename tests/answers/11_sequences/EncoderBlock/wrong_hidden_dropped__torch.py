class EncoderBlock(nn.Module):
    def __init__(self, d_model, heads, dim_feedforward, dropout):
        super().__init__()
        self.layer = nn.TransformerEncoderLayer(
            *(d_model, heads, dim_feedforward, dropout),
            batch_first=True,
            norm_first=True,
        )

    def forward(self, x):
        return self.layer(x)
