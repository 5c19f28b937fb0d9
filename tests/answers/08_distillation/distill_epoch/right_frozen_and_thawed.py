def distill_epoch(student, teacher, batches, optimizer, temperature, alpha):
    wanted = [parameter.requires_grad for parameter in teacher.parameters()]
    teacher.requires_grad_(False).eval()
    student.train()
    sums = []
    optimizer.zero_grad()
    for x, y in batches:
        loss = helpers.distillation_loss(student(x), teacher(x), y, temperature, alpha)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        sums.append((loss.item() * len(y), len(y)))
    for parameter, flag in zip(teacher.parameters(), wanted):
        parameter.requires_grad_(flag)
    return sum(s for s, _ in sums) / sum(n for _, n in sums)
