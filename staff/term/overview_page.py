"""The page with the class over the term."""

__all__ = ["BODY"]

BODY = """
<main>
<h1>{{ title }}</h1>
<p class="total">{{ learners }} learners</p>
<section>
<h2>Notebooks</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Notebooks">
<table>
<caption>Means are those that formgrader shows: before lateness, over what was handed
in; a file that cannot be read counts as 0.</caption>
<thead><tr><th scope="col">Notebook</th><th scope="col" class="number">Handed in</th>
<th scope="col" class="number">Mean</th><th scope="col" class="number">Of</th>
<th scope="col" class="number">Late</th><th scope="col" class="number">Unreadable</th>
<th scope="col" class="number">To look at</th>
<th scope="col" class="number">Files each</th></tr></thead>
<tbody>
{% for row in notebooks %}
<tr><th scope="row">{{ row[0] }}</th>
{% for value in row[1:] %}
<td class="number">{{ value }}</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
</section>
<section>
<h2>Stuck</h2>
{% if stuck %}
<div class="scroll" tabindex="0" role="region" aria-label="Stuck">
<table>
<thead><tr><th scope="col">Learner</th><th scope="col">Notebook</th>
<th scope="col">Question</th><th scope="col" class="number">Files</th>
<th scope="col">Last</th></tr></thead>
<tbody>
{% for who, stem, question, tries, last in stuck %}
<tr><th scope="row">{{ who }}</th><td>{{ stem }}</td>
<td class="wide">{{ question }}</td>
<td class="number">{{ tries }}</td><td>{{ last }}</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% else %}
<p>Nobody.</p>
{% endif %}
</section>
<section>
<h2>Named mistakes over time</h2>
{% if mistakes %}
<div class="scroll" tabindex="0" role="region" aria-label="Named mistakes over time">
<table>
<caption>Learners who made a mistake once, those whose last file still makes it, and the
learners who handed it in, week by week (the week's Monday).</caption>
<thead><tr><th scope="col">Notebook</th><th scope="col">Question</th>
<th scope="col">Mistake</th><th scope="col" class="number">Once</th>
<th scope="col" class="number">Still</th><th scope="col">Weeks</th></tr></thead>
<tbody>
{% for stem, question, sentence, ever, now, weeks in mistakes %}
<tr><td>{{ stem }}</td><td>{{ question }}</td><td class="wide">{{ sentence }}</td>
<td class="number">{{ ever }}</td><td class="number">{{ now }}</td>
<td class="short">
{% for week, count in weeks %}
<div>{{ week }}: {{ count }}</div>
{% endfor %}
</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% else %}
<p>None was recognized.</p>
{% endif %}
</section>
<section>
<h2>Progress</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Progress">
<table>
<caption>Points after lateness; · is not handed in. The term's are without what is
dropped.</caption>
<thead><tr><th scope="col">Learner</th>
{% for value in head %}
<th scope="col" class="number">{{ value }}</th>
{% endfor %}
</tr></thead>
<tbody>
{% for row in progress %}
<tr><th scope="row">{{ row[0] }}</th>
{% for value in row[1:] %}
<td class="number">{{ value }}</td>
{% endfor %}
</tr>
{% endfor %}
</tbody>
</table>
</div>
</section>
</main>
"""
