"""The page of the report: one HTML file that asks nothing of any other. Everything put into it is escaped."""

import struct
from base64 import b64encode

from jinja2 import Environment, StrictUndefined

from dashboard.format import count, level, percent
from dashboard.palette import segment_colour
from dashboard.report.contents import Report
from dashboard.report.figures import MOST_SIDE_BY_SIDE
from dashboard.report.look import DOTS_PER_INCH
from dashboard.trust import STABLE_IS_NOT_TRUE

GENERATOR = "mall-customer-segmentation report"
"""Marks the page as ours: a directory without it is not replaced."""

_STYLE = """
* { box-sizing: border-box }
body { margin: 0; background: #fff; color: #1f2937; font: 14px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main, header { max-width: 1240px; margin: 0 auto; padding: 24px }
header { border-bottom: 1px solid #e5e7eb }
h1 { margin: 0; font-size: 20px } h2 { margin: 40px 0 8px; font-size: 20px } h3 { margin: 24px 0 8px; font-size: 14px }
p { margin: 8px 0; max-width: 80ch }
.quiet, figcaption { color: #6b7280; font-size: 12px }
.synthetic { display: inline-block; margin: 8px 0 0; padding: 8px 16px; border-radius: 8px; background: #7c2d12; color: #fff;
  font-weight: 700; text-transform: uppercase; letter-spacing: .05em }
.scroll { overflow-x: auto }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: 4px 16px 4px 0; text-align: right; border-bottom: 1px solid #e5e7eb; vertical-align: bottom }
.by-segment :is(th, td):nth-child(2), .by-feature td:first-child { text-align: left }
.by-segment tbody tr:last-child, .by-feature :is(th, td):last-child { color: #6b7280 }
.by-feature th { min-width: 88px; max-width: 200px }
.swatch { display: inline-block; width: 12px; height: 12px; margin-right: 8px; border-radius: 50% }
.pictures { display: flex; flex-wrap: wrap; gap: 32px 24px; margin-top: 24px }
figure { margin: 0 } img { display: block; max-width: 100%; height: auto; margin-bottom: 8px }
figcaption { max-width: 80ch }
@media print { figure, table { break-inside: avoid } }
"""

_TEMPLATE = """\
{%- macro gallery(pictures) %}
<div class="pictures">
{%- for picture in pictures %}
{%- set width, height = picture.png | css_size %}
<figure style="width: {{ width }}px">
<img alt="{{ picture.description }}" width="{{ width }}" height="{{ height }}"
src="data:image/png;base64,{{ picture.png | base64 }}">
<figcaption>{{ picture.caption }}</figcaption>
</figure>
{%- endfor %}
</div>
{%- endmacro -%}
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="generator" content="{{ generator }}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mall segments – {{ report.source_file }}</title>
<style>{{ style | safe }}</style>
</head>
<body>
<header>
<h1>Mall segments</h1>
<div class="quiet">{{ report.source_file }} · {{ report.customers | count }} customers · version {{ report.version }} ·
built {{ report.built_at.strftime("%Y-%m-%d %H:%M") }} UTC</div>
{%- if report.is_synthetic %}
<div class="synthetic">Synthetic customers: generated, nobody real</div>
{%- endif %}
</header>
<main>
<p class="quiet">{{ caution }}</p>
{%- for section in report.sections %}
{%- set first = section.clusterings[0] %}
<section>
<h2>{{ first.title }}</h2>
<p>
{%- for each in section.clusterings %}{{ each.algorithm_title }} finds {{ each.k }} segments{{ ", " if not loop.last }}{% endfor %}.
They agree by {{ "%.2f" | format(section.agreement) }}, where 1 is the same groups and 0 is chance (adjusted Rand index).</p>
{%- for clustering in section.clusterings %}
<h3>{{ clustering.algorithm_title }}</h3>
<p>{{ clustering.found }}</p>
<p>Number of segments: {{ clustering.reason }}.</p>
{%- if report.features | length <= most_side_by_side %}
<div class="scroll"><table class="by-segment">
<thead><tr><th></th><th>Segment</th><th>Customers</th><th>Share</th><th>Stability</th>
{%- for feature in report.features %}<th>{{ feature.title }} (mean)</th>{% endfor %}</tr></thead>
<tbody>
{%- for segment in clustering.segments %}
<tr><td>{{ segment.segment_id }}</td>
<td><span class="swatch" style="background: {{ segment.colour | segment_colour }}"></span>{{ segment.name }}</td>
<td>{{ segment.size | count }}</td><td>{{ segment.share | percent }}</td><td>{{ segment.stability }}</td>
{%- for feature in report.features %}<td>{{ segment.means[feature.name] | level(report.means[loop.index0]) }}</td>{% endfor %}</tr>
{%- endfor %}
<tr><td></td><td>Everyone</td><td>{{ report.customers | count }}</td><td>{{ 1 | percent }}</td><td></td>
{%- for mean in report.means %}<td>{{ mean | level(mean) }}</td>{% endfor %}</tr>
</tbody></table></div>
{%- else %}
<div class="scroll"><table class="by-feature">
<thead><tr><th></th>
{%- for segment in clustering.segments %}
<th><span class="swatch" style="background: {{ segment.colour | segment_colour }}"></span>{{ segment.segment_id }}<br>
{{ segment.name }}</th>
{%- endfor %}<th>Everyone</th></tr></thead>
<tbody>
<tr><td>Customers</td>
{%- for segment in clustering.segments %}<td>{{ segment.size | count }}</td>{% endfor %}<td>{{ report.customers | count }}</td></tr>
<tr><td>Share</td>
{%- for segment in clustering.segments %}<td>{{ segment.share | percent }}</td>{% endfor %}<td>{{ 1 | percent }}</td></tr>
<tr><td>Stability</td>
{%- for segment in clustering.segments %}<td>{{ segment.stability }}</td>{% endfor %}<td></td></tr>
{%- for feature in report.features %}
{%- set everyone = report.means[loop.index0] %}
<tr><td>{{ feature.title }} (mean)</td>
{%- for segment in clustering.segments %}<td>{{ segment.means[feature.name] | level(everyone) }}</td>{% endfor %}
<td>{{ everyone | level(everyone) }}</td></tr>
{%- endfor %}
</tbody></table></div>
{%- endif %}
{%- endfor %}
{{- gallery(section.pictures) }}
</section>
{%- endfor %}
<section>
<h2>Everyone</h2>
<p>All {{ report.customers | count }} customers, feature by feature.</p>
{{- gallery(report.pictures) }}
</section>
</main>
</body>
</html>
"""


def render(report: Report) -> str:
    """The report as an HTML page, its pictures inside."""
    environment = Environment(autoescape=True, undefined=StrictUndefined)
    environment.filters.update(
        base64=_base64,
        count=count,
        css_size=_css_size,
        level=level,
        percent=percent,
        segment_colour=segment_colour,
    )
    return environment.from_string(_TEMPLATE).render(
        report=report, style=_STYLE, generator=GENERATOR, most_side_by_side=MOST_SIDE_BY_SIDE, caution=STABLE_IS_NOT_TRUE
    )


def _base64(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _css_size(content: bytes) -> tuple[int, int]:
    """Width and height of a PNG in CSS pixels, 96 to the inch: its type comes out as large as the page's."""
    width, height = struct.unpack(">II", content[16:24])  # the IHDR chunk, which every PNG starts with
    return round(width * 96 / DOTS_PER_INCH), round(height * 96 / DOTS_PER_INCH)
