"""The page a learner gets."""

__all__ = ["BODY"]

BODY = """
{% macro answered(requests) %}
{% for asked, answer in requests %}
<p class="soft">You asked for another look:</p>
<p class="said">{{ asked }}</p>
{% if answer %}
<blockquote><p class="soft">Your instructor answers:</p>
<p class="said">{{ answer }}</p></blockquote>
{% else %}
<p>Your instructor has not answered yet.</p>
{% endif %}
{% endfor %}
{% endmacro %}
<main>
<h1>{{ title }}</h1>
<p class="soft">{{ student }} · {{ file }}</p>
<p class="total">{{ earned }} of {{ possible }} points</p>
{% if late %}
<p>{{ late }}</p>
{% endif %}
<p>{{ next_step }}</p>
{% if notes %}
<section>
<h2>About your file</h2>
<ul>
{% for note in notes %}
<li>{{ note }}</li>
{% endfor %}
</ul>
</section>
{% endif %}
{% if requests %}
<section>
<h2>Your request</h2>
{{ answered(requests) }}
</section>
{% endif %}
{% for question in questions %}
<section>
<h2>{{ question.title }}</h2>
<p class="verdict {{ question.tone }}">{{ question.symbol }} {{ question.verdict }} ·
{{ question.earned }} of {{ question.points }} points</p>
{% if question.by_hand %}
<p>{{ question.by_hand }}</p>
{% endif %}
{% if question.comment %}
<blockquote><p class="soft">Your instructor writes:</p>
<p class="said">{{ question.comment }}</p></blockquote>
{% endif %}
{{ answered(question.requests) }}
{% if question.part %}
<p>{{ question.part }}</p>
{% endif %}
{% if question.hint %}
<p>{{ question.hint }}</p>
{% endif %}
{% if question.message %}
<pre>{{ question.message }}</pre>
{% endif %}
{% if question.answer %}
<details>
<summary>Your answer<span class="soft"> to {{ question.title }}</span></summary>
<pre><code>{{ question.answer }}</code></pre>
{% if question.output %}
<p class="soft">It printed:</p>
<pre>{{ question.output }}</pre>
{% endif %}
</details>
{% endif %}
</section>
{% endfor %}
<p class="soft">Points come from the automatic checks, except where it says that your
instructor gave them.</p>
</main>
"""
