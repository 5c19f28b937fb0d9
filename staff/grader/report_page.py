"""The page an instructor gets."""

__all__ = ["BODY"]

BODY = """
<main>
<h1>{{ title }}</h1>
<p class="total">{{ students }} · mean {{ mean }} of {{ possible }} points{{
unreadable }}</p>
<p class="soft">{{ verdicts }}</p>
<p class="soft">{{ layers }}</p>
<section>
<h2>Questions</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Questions">
<table>
<caption>Over files that can be read. Difficulty is the share that passed;
discrimination the correlation of passing with the points of the other
questions.</caption>
<thead><tr><th scope="col">Question</th><th scope="col" class="number">Attempted</th>
<th scope="col" class="number">Passed</th><th scope="col" class="number">Failed</th>
<th scope="col" class="number">Difficulty</th>
<th scope="col" class="number">Discrimination</th>
<th scope="col" class="number">Median time</th><th scope="col">Share</th></tr></thead>
<tbody>
{% for row in rows %}
<tr><th scope="row">{{ row.title }}</th><td class="number">{{ row.attempted }}</td>
<td class="number">{{ row.passed }}</td><td class="number">{{ row.failed }}</td>
<td class="number">{{ row.difficulty }}</td>
<td class="number">{{ row.discrimination }}</td>
<td class="number">{{ row.seconds }}</td>
<td><svg viewBox="0 0 100 10" preserveAspectRatio="none" role="img"
aria-label="{{ row.bar_text }}">
{% for kind, start, width in row.bar %}
<rect class="bar-{{ kind }}" x="{{ start }}" y="0" width="{{ width }}" height="10"/>
{% endfor %}
</svg></td></tr>
{% endfor %}
</tbody>
</table>
</div>
</section>
<section>
<h2>Named mistakes</h2>
{% for row in rows if row.mistakes %}
<h3>{{ row.title }}</h3>
<ul>
{% for count, sentence in row.mistakes %}
<li><strong>{{ count }}</strong>: {{ sentence }}</li>
{% endfor %}
</ul>
{% else %}
<p>None was recognised.</p>
{% endfor %}
</section>
<section>
<h2>For a person to look at</h2>
{% if cases %}
<div class="scroll" tabindex="0" role="region" aria-label="For a person to look at">
<table>
<thead><tr><th scope="col">Student</th><th scope="col">File</th>
<th scope="col">Why</th></tr></thead>
<tbody>
{% for case in cases %}
<tr><th scope="row">{{ case.student }}</th><td class="wide">{{ case.file }}</td>
<td class="wide">{{ case.why }}
{% if case.evidence %}
<details><summary>Evidence</summary><pre>{{ case.evidence }}</pre></details>
{% endif %}
</td></tr>
{% endfor %}
</tbody>
</table>
</div>
{% else %}
<p>Nothing.</p>
{% endif %}
</section>
</main>
"""
