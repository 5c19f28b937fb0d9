"""The page that shows answers which are alike, side by side."""

__all__ = ["BODY", "STYLE"]

STYLE = """
.pair { display: grid; gap: .75rem; grid-template-columns:
  repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); }
.pair pre { margin: .25rem 0 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.pair h4 { margin: .5rem 0 0; font-size: .95rem; }
pre mark { background: var(--mark); color: inherit; display: inline-block;
  min-width: 100%; border-left: .2rem solid var(--wait); padding-left: .2rem; }
pre span.line { padding-left: .4rem; display: inline-block; }
:root { --mark: #fdf0cf; }
@media (prefers-color-scheme: dark) { :root { --mark: #45381a; } }
"""

BODY = """
<main>
<h1>{{ title }}</h1>
<p class="total">{{ summary }}</p>
<p>These answers are alike once comments, layout, the names that learners chose and the
lines that the course gave are set aside. <strong>Being alike proves nothing.</strong>
Short questions have obvious answers, and people who learn together write alike. So
there is no score here and nothing goes into the gradebook; read the two texts, then
talk to people.</p>
<p>The same <em>wrong</em> answer stands first: a mistake that few make, made in the
same words, is what chance explains worst. Marked lines differ.</p>
{% for note in notes %}
<p class="soft">{{ note }}</p>
{% endfor %}
{% for question in questions %}
<section>
<h2>{{ question.title }}</h2>
<p class="soft">{{ question.summary }}</p>
{% for one in question.findings %}
<details{{ " open" if one.open }}>
<summary><strong>{{ one.outcome }}</strong> · {{ one.kind }} · {{ one.learners }}
</summary>
{% if one.why %}
<p>{{ one.why }}</p>
{% endif %}
<div class="pair">
{% for side in one.sides %}
<div><h4>{{ side.student }}</h4>
{# each line is an element of its own: a copied text keeps its lines #}
<pre tabindex="0" aria-label="Answer of {{ side.student }}">{% for changed, line in
side.lines %}
{% if changed %}<mark>{{ line }}</mark>{% else %}<span class="line">{{ line
}}</span>{% endif %}

{% endfor %}</pre></div>
{% endfor %}
</div>
</details>
{% else %}
<p>Nothing is alike.</p>
{% endfor %}
{% if question.more %}
<p class="soft">{{ question.more }}</p>
{% endif %}
</section>
{% endfor %}
</main>
"""
