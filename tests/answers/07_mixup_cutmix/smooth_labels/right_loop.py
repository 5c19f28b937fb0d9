def smooth_labels(labels, num_classes, epsilon):
    rows = []
    for label in labels.tolist():
        row = [epsilon / num_classes] * num_classes
        row[label] += 1 - epsilon
        rows.append(row)
    return torch.tensor(rows, dtype=torch.float32)
