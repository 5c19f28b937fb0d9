def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    student.train()
    teacher.eval()
    total, count = 0.0, 0
    for x, y in batches:
        wanted = teacher(x)
        out = student(x)
        soft = F.kl_div(
            F.log_softmax(out / temperature, 1),
            F.softmax(wanted / temperature, 1),
            reduction="batchmean",
        )
        loss = alpha * soft * temperature**2 + (1 - alpha) * F.cross_entropy(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total, count = total + loss.item() * len(y), count + len(y)
    return total / count
